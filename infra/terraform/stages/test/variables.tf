variable "package" {
  description = "Path of the functions' zip, made by infra/build.py."
  type        = string
}

variable "layers" {
  description = "Paths of the zips of the functions' layers, made by infra/build.py, by what they hold."
  type        = map(string)
}

variable "alarm_email" {
  description = "Who is written to when an alarm rings; null: nobody yet."
  type        = string
  default     = null
}

variable "report_email" {
  description = "Who is written to when a trend report was made or restated; null: nobody yet."
  type        = string
  default     = null
}

variable "reports_for" {
  description = "Who reads the reports at the site: nobody, link (who has their address), or everybody."
  type        = string
  default     = "nobody"
}

variable "reports_link" {
  description = "Another text makes another link to the reports."
  type        = string
  default     = "1"
}

variable "writers" {
  description = "Who may send likes, as modules/pipeline/variables.tf tells: TF_VAR_writers='{\"mode\":\"iam\"}'."
  type        = any
  default     = { mode = "open" }
}

variable "cors_origins" {
  description = "Origins whose pages may call the API, as https://shop.example; [\"*\"] is all."
  type        = list(string)
  default     = ["*"]
}

variable "domain" {
  description = "Name of the page and its Route 53 zone: TF_VAR_domain='{\"name\":\"likes.example.org\",\"zone_id\":\"Z…\"}'; null: AWS's own names."
  type        = object({ name = string, zone_id = string })
  default     = null
}

variable "requests_per_address" {
  description = "Requests of one address within five minutes; null: no web ACL. Of any type, so that TF_VAR_requests_per_address=null is no text."
  type        = any
  default     = null
}

variable "producers" {
  description = "Accounts and roles beside this account's own that may announce likes on the bus, by ARN."
  type        = list(string)
  default     = []
}

variable "people" {
  description = "Who may take the roles analyst, operator, mender and producer, by ARN: TF_VAR_people='{\"analyst\":[\"arn:…\"]}'."
  type        = any
  default     = {}
}

variable "traced" {
  description = "Whether X-Ray traces requests and calls, priced by the trace."
  type        = bool
  default     = false
}

variable "budget_usd" {
  description = "Dollars a month from which on the alarms' address is written to; null: no budget."
  type        = number
  default     = null
}

variable "archive_executions" {
  description = "Lambda executions at a time that are kept for ArchiveLikes; infra/cli/quotas.py tells whether the account has them; -1: none."
  type        = number
  default     = -1
}

variable "customer_key" {
  description = "Whether stream, lake and tables are encrypted with a key of the account's own."
  type        = bool
  default     = false
}

variable "capacity" {
  description = "Shards, and writes and reads a second of the counts, that are bought by the hour: TF_VAR_capacity='{\"shards\":1,\"writes\":10}'."
  type        = any
  default     = {}
}

variable "fan_out" {
  description = "Whether trends have a reader of the stream for themselves."
  type        = bool
  default     = true
}

variable "batch_seconds" {
  description = "Seconds that likes are gathered for before they are counted."
  type        = number
  default     = 1
}

variable "http_api" {
  description = "Whether the API is an HTTP API, which costs and does less than a REST API."
  type        = bool
  default     = false
}

variable "stream_retention_hours" {
  description = "Longest outage of a reader that loses no like; what is beyond 24 hours is paid by the GB, or by the hour of bought shards."
  type        = number
  default     = 24
}

variable "trail" {
  description = "Whether CloudTrail tells who read and wrote which object of the lake, priced by the event."
  type        = bool
  default     = false
}

variable "site_log" {
  description = "Whether CloudFront tells of each request of the page, without the address it came from."
  type        = bool
  default     = false
}

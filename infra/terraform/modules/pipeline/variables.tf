variable "stage" {
  description = "Name of the stage; it ends the name of everything."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,12}$", var.stage))
    error_message = "A stage is 2 to 13 lower-case letters and digits, the first a letter."
  }
}

variable "regional_names" {
  description = "Whether what an account has once is named after the region, too, so that another region can have the stage as well."
  type        = bool
  default     = true
}

variable "package" {
  description = "Path of the functions' zip, made by infra/build.py."
  type        = string
}

variable "layers" {
  description = "Paths of the zips of the functions' layers, made by infra/build.py, by what they hold; none where functions run in a Python that has it."
  type        = map(string)
}

variable "disposable" {
  description = "Whether the stage may be destroyed with all it holds."
  type        = bool
}

variable "stream_retention_hours" {
  description = "Longest outage of a reader that loses no like."
  type        = number
}

variable "delivery_seconds" {
  description = "How long Firehose gathers likes before it writes a file: longer means fewer, larger files."
  type        = number
}

variable "archive_executions" {
  description = "Lambda executions at a time that are kept for ArchiveLikes; -1: none, for an account that has few."
  type        = number
  default     = -1
}

variable "capacity" {
  description = "What is bought by the hour instead of on demand: `shards` of the stream, and `writes` and `reads` a second of the table of counts."
  type = object({
    shards = optional(number)
    writes = optional(number)
    reads  = optional(number, 10)
  })
  default  = {}
  nullable = false
}

variable "fan_out" {
  description = "Whether TrackTrends has a reader of the stream for itself (enhanced fan-out), which takes 70 ms in place of up to a second, and nothing from the other readers."
  type        = bool
  default     = true
}

variable "batch_seconds" {
  description = "How long likes are gathered before they are counted and tracked: a film that is liked twice in it is written once."
  type        = number
  default     = 1

  validation {
    condition     = var.batch_seconds >= 0 && var.batch_seconds <= 60
    error_message = "Gather likes for a minute at most."
  }
}

variable "raw_expires_after_days" {
  description = "Days after which raw files are deleted; null keeps everything, for a stage that is wiped instead."
  type        = number
}

variable "requests_per_second" {
  description = "Requests a second that the API takes before it answers 429."
  type        = number
}

variable "writers" {
  description = "Who may send likes: `open` (everybody, throttled), `api_key` (a key for each of `keys`), `iam` (signed requests of who may invoke POST /likes), `jwt` (ID tokens of `user_pool_arn`, whose `claim` is the user of each like, whatever a like says). An HTTP API has no `api_key`, and takes tokens of any `issuer` for one of `audience`."
  type = object({
    mode          = string
    keys          = optional(set(string), [])
    user_pool_arn = optional(string)
    claim         = optional(string, "sub")
    issuer        = optional(string)
    audience      = optional(set(string), [])
  })
  default = { mode = "open" }

  validation {
    condition     = contains(["open", "api_key", "iam", "jwt"], var.writers.mode)
    error_message = "Writers are open, api_key, iam or jwt."
  }

  validation {
    condition     = var.writers.mode != "jwt" || var.http_api || can(regex("^arn:[a-z-]+:cognito-idp:", var.writers.user_pool_arn))
    error_message = "For jwt, name the Cognito user pool whose tokens count, by its ARN."
  }

  validation {
    condition     = (var.writers.mode == "api_key") == (length(var.writers.keys) > 0)
    error_message = "Name the senders that get keys for api_key, and for nothing else."
  }
}

variable "http_api" {
  description = "Whether the API is one of API Gateway's HTTP APIs: a third of the price, and neither a web ACL, nor API keys, nor validation of requests before a function runs."
  type        = bool
  default     = false
}

variable "cors_origins" {
  description = "Origins whose pages may call the API and read its answers, as https://shop.example; [\"*\"] is all."
  type        = list(string)
  default     = ["*"]

  validation {
    condition     = var.cors_origins == tolist(["*"]) || (length(var.cors_origins) > 0 && alltrue([for origin in var.cors_origins : can(regex("^https?://[a-z0-9.-]+(:[0-9]+)?$", origin))]))
    error_message = "An origin is http(s)://host, with a port where it has one, and nothing after it; or there is \"*\" alone."
  }
}

variable "domain" {
  description = "Name of the page, and the Route 53 zone that it is in; the API has api. before it; null: AWS's own names."
  type        = object({ name = string, zone_id = string })
  default     = null

  validation {
    condition     = var.domain == null ? true : can(regex("^([a-z0-9-]+\\.)+[a-z]{2,}$", var.domain.name))
    error_message = "A domain's name is likes.example.org, without anything before or after it."
  }
}

variable "requests_per_address" {
  description = "Requests that one address may make to the API, and to the page, within five minutes; null: no web ACL, which costs by the month and the request."
  type        = number
  default     = null
}

variable "producers" {
  description = "Accounts and roles beside this account's own that may announce likes on the bus, by ARN."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.producers : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(root|role/.+)$", arn))])
    error_message = "A producer is a role or an account, by its ARN; nobody is everybody."
  }
}

variable "people" {
  description = "Who may take the role of `analyst` (ask), `operator` (look, and run again), `mender` (mend numbers, forget people, go back to a release) and `producer` (send likes), by ARN; a role that nobody may take is not made."
  type = object({
    analyst  = optional(list(string), [])
    mender   = optional(list(string), [])
    operator = optional(list(string), [])
    producer = optional(list(string), [])
  })
  default = {}

  validation {
    condition     = alltrue([for arn in flatten(values(var.people)) : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(root|role/.+|user/.+)$", arn))])
    error_message = "People are accounts, roles and users, by their ARNs."
  }
}

variable "customer_key" {
  description = "Whether stream, lake and tables are encrypted with a key of the account's own: a dollar a month, and 3 a million uses."
  type        = bool
  default     = false
}

variable "request_log_share" {
  description = "Share of requests whose every line is logged; of the others, warnings and errors are."
  type        = number
  default     = 1
}

variable "traced" {
  description = "Whether X-Ray traces requests and calls: 5 USD a million traces, of which it keeps 1 a second and 5 in 100 beyond."
  type        = bool
  default     = false
}

variable "trail" {
  description = "Whether CloudTrail tells who read and wrote which object of the lake: 1 USD a million, most of which are the stage's own."
  type        = bool
  default     = false
}

variable "site_log" {
  description = "Whether CloudFront tells of each request of the page, without the address it came from: 0.50 USD a GB."
  type        = bool
  default     = false
}

variable "api_address" {
  description = "Base of the API's addresses where an emulator has its own form of it, with %s for API Gateway's id of the API; null: AWS's own."
  type        = string
  default     = null
}

variable "reports_for" {
  description = "Who reads the lake's reports at the site: `nobody`; `link`, who has their address, which cannot be guessed; `everybody`, whom the page shows them."
  type        = string
  default     = "nobody"

  validation {
    condition     = contains(["nobody", "link", "everybody"], var.reports_for)
    error_message = "Reports are for nobody, for who has the link, or for everybody."
  }
}

variable "reports_link" {
  description = "Which link to the reports it is: another text makes another one, and the old one leads nowhere."
  type        = string
  default     = "1"
}

variable "tls_only" {
  description = "Whether the buckets refuse plain HTTP. Only an emulator that speaks nothing else may say no."
  type        = bool
  default     = true
}

variable "fan_out_mapping" {
  description = "Whether Lambda itself hands TrackTrends what the stream's consumer is pushed. Where it does not, something else has to, one batch of a shard at a time."
  type        = bool
  default     = true
}

variable "alarms" {
  description = "Whether the stage has alarms. An emulator has nobody to wake, and describes alarms in part, so that Terraform would change them at every apply."
  type        = bool
  default     = true
}

variable "alarm_email" {
  description = "Who is written to when an alarm rings; null: nobody yet."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_email == null ? true : can(regex("^[^@[:space:]]+@[^@[:space:]]+$", var.alarm_email))
    error_message = "An e-mail address has an @ in the middle."
  }
}

variable "alarms_required" {
  description = "Whether the stage is refused without an address that alarms go to."
  type        = bool
  default     = false

  validation {
    condition     = !var.alarms_required || var.alarm_email != null
    error_message = "Nobody would hear the alarms: TF_VAR_alarm_email=ops@example.org."
  }
}

variable "budget_usd" {
  description = "Dollars a month of this stage, by its tag, from which on the alarms' address is written to (at 80 % foreseen, and when passed); null: no budget."
  type        = number
  default     = null
}

variable "report_email" {
  description = "Who is written to when a trend report was made or restated; null: nobody yet."
  type        = string
  default     = null

  validation {
    condition     = var.report_email == null ? true : can(regex("^[^@[:space:]]+@[^@[:space:]]+$", var.report_email))
    error_message = "An e-mail address has an @ in the middle."
  }
}

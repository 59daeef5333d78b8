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

variable "publish_reports" {
  description = "Whether the site shows the lake's reports, to everybody who knows its address."
  type        = bool
  default     = false
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

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
  default     = true
}

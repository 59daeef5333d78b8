variable "package" {
  description = "Path of the functions' zip, made by infra/build.py."
  type        = string
}

variable "compact_layers" {
  description = "Paths of the zips of CompactLake's layers, made by infra/build.py, by what they hold."
  type        = map(string)
}

variable "alarm_email" {
  description = "Who is written to when an alarm rings; null: nobody yet."
  type        = string
  default     = null
}

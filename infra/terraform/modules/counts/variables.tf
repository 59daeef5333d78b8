variable "name" {
  description = "Name of the table, stage included."
  type        = string
}

variable "disposable" {
  description = "Whether the table may be destroyed with what it holds."
  type        = bool

  validation {
    condition     = var.disposable != null
    error_message = "Say whether the table may be destroyed with what it holds: true or false."
  }
}

variable "key_arn" {
  description = "ARN of the key that what is held is encrypted with; null: AWS's own."
  type        = string
  default     = null
}

variable "alarm_topic" {
  description = "SNS topic that alarms are sent to; null: no alarms."
  type        = object({ arn = string })
}

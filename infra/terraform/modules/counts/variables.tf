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

variable "capacity" {
  description = "Write and read units a second that are bought by the hour: under a steady load a third of the price on demand. What is beyond them waits, and is counted later; null: on demand."
  type        = object({ writes = number, reads = number })
  default     = null

  validation {
    condition     = var.capacity == null ? true : var.capacity.writes >= 1 && var.capacity.reads >= 1
    error_message = "Buy a write and a read unit at least, or null for on demand."
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

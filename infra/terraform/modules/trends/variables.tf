variable "name" {
  description = "Name of the table, stage included."
  type        = string
}

variable "consumer" {
  description = "Name of the stream's consumer; it is part of the consumer's ARN."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{1,128}$", var.consumer))
    error_message = "A consumer's name is 1 to 128 letters, digits, dots, hyphens and underscores."
  }
}

variable "fan_out" {
  description = "Whether there is a consumer, with 2 MB a second of each shard for itself; it is paid by the GB, and of bought shards by the hour."
  type        = bool
  default     = true
}

variable "stream_arn" {
  description = "ARN of the stream that likes are read from."
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

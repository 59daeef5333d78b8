variable "name" {
  description = "Name of the stream, stage included."
  type        = string
}

variable "retention_hours" {
  description = "How long an unread record waits before it is lost: the longest outage of a reader that loses nothing."
  type        = number

  validation {
    condition     = var.retention_hours >= 24 && var.retention_hours <= 168
    error_message = "Keep records between 24 hours and 168, a week."
  }
}

variable "shards" {
  description = "Shards that are bought by the hour, each for 1 MB and 1,000 records a second; null: on demand."
  type        = number
  default     = null

  validation {
    condition     = var.shards == null ? true : var.shards >= 1 && var.shards <= 1000 && floor(var.shards) == var.shards
    error_message = "Buy between 1 and 1,000 shards, or null for on demand."
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

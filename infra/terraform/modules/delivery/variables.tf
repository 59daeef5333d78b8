variable "name" {
  description = "Name of the delivery stream, stage included."
  type        = string
}

variable "stream_arn" {
  description = "ARN of the Kinesis stream that is delivered."
  type        = string
}

variable "function_arn" {
  description = "ARN of the alias, or the version, of the function that turns what is on the stream into rows."
  type        = string
}

variable "bucket_arn" {
  description = "ARN of the bucket that rows are delivered to."
  type        = string
}

variable "prefix" {
  description = "Where in the bucket the raw table lies, with its closing slash."
  type        = string

  validation {
    condition     = endswith(var.prefix, "/")
    error_message = "A prefix ends with a slash, or objects of other tables begin like it."
  }
}

variable "database" {
  description = "Glue database of the raw table."
  type        = string
}

variable "table" {
  description = "Glue table whose columns the Parquet files get."
  type        = string
}

variable "buffer_seconds" {
  description = "How long rows are gathered before they are written: longer means fewer, larger files."
  type        = number

  validation {
    condition     = var.buffer_seconds >= 60 && var.buffer_seconds <= 900
    error_message = "Gather rows between 60 and 900 seconds."
  }
}

variable "role_suffix" {
  description = "End of the role's name, which an account has once, whatever the region; empty where there is one region."
  type        = string
  default     = ""
}

variable "key_arn" {
  description = "ARN of the key that its log is encrypted with; null: CloudWatch's own."
  type        = string
  default     = null
}

variable "alarm_topic" {
  description = "SNS topic that alarms are sent to; null: no alarms."
  type        = object({ arn = string })
}

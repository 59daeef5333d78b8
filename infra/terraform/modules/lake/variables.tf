variable "stage" {
  description = "Stage the lake belongs to."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,15}$", var.stage))
    error_message = "A stage is 2 to 16 lower-case letters and digits, the first a letter."
  }
}

variable "bucket" {
  description = "Name of the lake's bucket, stage and account included."
  type        = string
}

variable "results_bucket" {
  description = "Name of the bucket that Athena writes results to, stage and account included."
  type        = string
}

variable "disposable" {
  description = "Whether the lake may be destroyed with what it holds."
  type        = bool
}

variable "raw_expires_after_days" {
  description = "Days after which what Firehose delivered is deleted. Null: nothing in either bucket expires, which suits a laptop's stage: it is wiped instead, and S3 takes Terraform a minute to accept rules."
  type        = number

  validation {
    condition     = var.raw_expires_after_days == null ? true : var.raw_expires_after_days >= 2
    error_message = "Raw files stay two days at least, so that a compaction that failed over night can be run again."
  }
}

variable "key_arn" {
  description = "ARN of the key that what is held is encrypted with; null: AWS's own."
  type        = string
  default     = null
}

variable "tls_only" {
  description = "Whether the buckets refuse plain HTTP. Only an emulator that speaks nothing else may say no."
  type        = bool
}

variable "reports_reader" {
  description = "CloudFront distribution that may read reports/, and nothing else of the lake; null: none."
  type        = object({ distribution_arn = string })
  default     = null
}

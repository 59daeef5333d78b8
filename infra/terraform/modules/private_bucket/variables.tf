variable "bucket" {
  description = "The bucket that is made private; it is its owner's, with what it keeps and for how long."
  type        = object({ id = string, arn = string })
}

variable "versioned" {
  description = "Whether what is overwritten or deleted can be brought back."
  type        = bool
  default     = false
}

variable "key_arn" {
  description = "ARN of the key that what is held is encrypted with; null: AWS's own."
  type        = string
  default     = null
}

variable "tls_only" {
  description = "Whether the bucket refuses plain HTTP. Only an emulator that speaks nothing else may say no."
  type        = bool
  default     = true
}

variable "policies" {
  description = "What else the bucket's policy says: JSON of aws_iam_policy_document."
  type        = list(string)
  default     = []
}

variable "reader" {
  description = "The CloudFront distribution that may read below `prefix`, which is empty or ends with a slash; null: nobody is let in."
  type        = object({ distribution_arn = string, prefix = string })
  default     = null

  validation {
    condition     = var.reader == null ? true : can(regex("^([^/].*/)?$", var.reader.prefix))
    error_message = "A prefix is empty, or ends with a slash."
  }
}

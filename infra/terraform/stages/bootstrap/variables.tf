variable "bucket" {
  description = "Bucket of the states of this account and region; infra/terraform/states.py names it."
  type        = string
}

variable "repository" {
  description = "GitHub repository whose workflows plan and apply stages, as owner/name: TF_VAR_repository; null: none."
  type        = string
  default     = null

  validation {
    condition     = var.repository == null ? true : can(regex("^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", var.repository))
    error_message = "A repository is owner/name."
  }
}

variable "lock_table" {
  description = "Whether there is a DynamoDB table of locks beside S3's own: TF_VAR_lock_table=true, then LAKE_LOCK_TABLE=movie-likes-terraform-locks."
  type        = bool
  default     = false
}

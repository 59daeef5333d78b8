variable "bucket" {
  description = "Bucket of the states of this account and region; infra/terraform/states.py names it."
  type        = string
}

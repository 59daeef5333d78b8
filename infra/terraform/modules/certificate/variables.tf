variable "domains" {
  description = "Ids of Route 53 zones, by the names in them that get a certificate."
  type        = map(string)

  validation {
    condition     = alltrue([for name in keys(var.domains) : can(regex("^([a-z0-9-]+\\.)+[a-z]{2,}$", name))])
    error_message = "A domain's name is likes.example.org, without anything before or after it."
  }
}

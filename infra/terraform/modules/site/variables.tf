variable "name" {
  description = "Name of the site, stage included."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,63}$", var.name))
    error_message = "A site's name is 2 to 64 lower-case letters, digits and hyphens, the first a letter."
  }
}

variable "bucket" {
  description = "Name of the bucket that the pages lie in, stage and account included."
  type        = string
}

variable "release" {
  description = "What was deployed, the functions' code and the page: a hash that the page's files have as metadata."
  type        = string
}

variable "versions_expire" {
  description = "Whether old versions of the page's files are deleted after 90 days; a stage that is wiped keeps them until then."
  type        = bool
  default     = true
}

variable "logged" {
  description = "Whether each request is logged, without its address."
  type        = bool
  default     = false
}

variable "api_url" {
  description = "Base of every address of the API that the page talks to, without a closing slash."
  type        = string

  validation {
    condition     = can(regex("^https?://[^/]+(/.*[^/])?$", var.api_url))
    error_message = "The API's address begins with http:// or https:// and has no closing slash."
  }
}

variable "reports" {
  description = "The lake's bucket, whose reports/ are shown under /reports/, or under an address that cannot be guessed if that is `secret`, another one for each `link`; null: no reports."
  type        = object({ domain_name = string, secret = optional(bool, false), link = optional(string, "1") })
}

variable "domain" {
  description = "Name that the page has: its name, and the Route 53 zone that it is in; null: AWS's own name."
  type        = object({ name = string, zone_id = string })
  default     = null
}

variable "web_acl_arn" {
  description = "ARN of the web ACL, of scope CLOUDFRONT, that guards the page; null: none."
  type        = string
  default     = null
}

variable "tls_only" {
  description = "Whether the bucket refuses plain HTTP. Only an emulator that speaks nothing else may say no."
  type        = bool
}

variable "name" {
  description = "Name of the web ACL, stage included."
  type        = string
}

variable "scope" {
  description = "REGIONAL for an API, whose stage `resource_arn` names; CLOUDFRONT for a distribution, with a provider of us-east-1."
  type        = string

  validation {
    condition     = contains(["REGIONAL", "CLOUDFRONT"], var.scope)
    error_message = "The scope is REGIONAL or CLOUDFRONT."
  }
}

variable "resource_arn" {
  description = "ARN of the API's stage; null for CloudFront."
  type        = string
  default     = null
}

variable "requests_per_address" {
  description = "Requests that one address may make within five minutes before it is answered 429."
  type        = number

  validation {
    condition     = var.requests_per_address >= 10 && var.requests_per_address <= 2000000000
    error_message = "WAF counts between 10 and 2,000,000,000 requests of an address."
  }
}

variable "key_arn" {
  description = "ARN of the key, of the same region, that its log is encrypted with; null: CloudWatch's own."
  type        = string
  default     = null
}

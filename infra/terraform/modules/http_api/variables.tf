variable "name" {
  description = "Name of the API, stage included."
  type        = string
}

variable "stage" {
  description = "Stage of the API: the first part of every path."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,15}$", var.stage))
    error_message = "A stage is 2 to 16 lower-case letters and digits, the first a letter."
  }
}

variable "ingest" {
  description = "The function that takes likes in: its name, its alias, and the ARN by which API Gateway calls it."
  type = object({
    name       = string
    qualifier  = string
    invoke_arn = string
  })
}

variable "read" {
  description = "The function that answers how many likes and what is trending: its name, its alias, and the ARN by which API Gateway calls it."
  type = object({
    name       = string
    qualifier  = string
    invoke_arn = string
  })
}

variable "writers" {
  description = "Who may send likes: `open` (everybody, throttled), `iam` (signed requests of who may invoke POST /likes), `jwt` (tokens of `issuer`, or of the Cognito pool `user_pool_arn`, made for one of `audience`; `claim` is the user of each like)."
  type = object({
    mode          = string
    user_pool_arn = optional(string)
    issuer        = optional(string)
    audience      = optional(set(string), [])
  })

  validation {
    condition     = contains(["open", "iam", "jwt"], var.writers.mode)
    error_message = "An HTTP API has no API keys: writers are open, iam or jwt."
  }

  validation {
    condition     = var.writers.mode != "jwt" || ((var.writers.issuer != null || can(regex("^arn:[a-z-]+:cognito-idp:", var.writers.user_pool_arn))) && length(var.writers.audience) > 0)
    error_message = "For jwt, name the issuer or the Cognito user pool, and the audience: the ids of the clients whose tokens count."
  }
}

variable "domain" {
  description = "Name that the API has: its name, and the Route 53 zone that it is in; null: AWS's own name."
  type        = object({ name = string, zone_id = string })
  default     = null
}

variable "requests_per_second" {
  description = "Requests a second that the stage takes before it answers 429. An account has 10,000 for all its APIs of a region."
  type        = number

  validation {
    condition     = var.requests_per_second >= 1 && var.requests_per_second <= 10000
    error_message = "Take between 1 and 10,000 requests a second; more has to be asked of AWS first."
  }
}

variable "key_arn" {
  description = "ARN of the key that its log is encrypted with; null: CloudWatch's own."
  type        = string
  default     = null
}

variable "opens_after" {
  description = "What has to be there before the first like is taken: Firehose reads the stream from when it became active on."
  type        = string
}

variable "alarm_topic" {
  description = "SNS topic that alarms are sent to; null: no alarms."
  type        = object({ arn = string })
}

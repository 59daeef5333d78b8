variable "name" {
  description = "Name of the event bus, stage included."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,63}$", var.name)) && var.name != "default"
    error_message = "A bus of our own has lower-case letters, digits and hyphens, and is not called default."
  }
}

variable "function_name" {
  description = "Name of the function that takes events in."
  type        = string
}

variable "function_qualifier" {
  description = "Alias by which the function is called."
  type        = string
}

variable "function_arn" {
  description = "ARN of the function's alias, which takes events in."
  type        = string
}

variable "producers" {
  description = "Accounts and roles beside this account's own that may announce likes on the bus, by ARN."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.producers : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(root|role/.+)$", arn))])
    error_message = "A producer is a role or an account, by its ARN; nobody is everybody."
  }
}

variable "opens_after" {
  description = "What has to be there before the first like is taken: Firehose reads the stream from when it became active on."
  type        = string
}

variable "alarm_topic" {
  description = "SNS topic that alarms are sent to; null: no alarms."
  type        = object({ arn = string })
}

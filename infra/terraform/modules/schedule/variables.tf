variable "name" {
  description = "Name of the schedule, stage included: that of the function it calls, where that has no other."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-zA-Z_.-]{1,40}$", var.name)) # a role's name has 64 characters, "-schedule" and the region included
    error_message = "A schedule's name is 1 to 40 letters, digits, dots, hyphens and underscores."
  }
}

variable "description" {
  description = "What is done when, in a sentence."
  type        = string
}

variable "expression" {
  description = "When: rate(1 minute), or cron(30 6 * * ? *) in UTC."
  type        = string

  validation {
    condition     = can(regex("^(rate|cron)\\(.+\\)$", var.expression))
    error_message = "An expression is rate(…) or cron(…)."
  }
}

variable "function" {
  description = "The function that is called: its ARN, that of the queue for calls that could not be made, and its name, where that is not the schedule's."
  type = object({
    arn              = string
    dead_letters_arn = string
    name             = optional(string)
  })
}

variable "input" {
  description = "What the function is called with, as JSON; null: what Scheduler tells of the call."
  type        = string
  default     = null

  validation {
    condition     = var.input == null ? true : can(jsondecode(var.input))
    error_message = "A function is called with JSON."
  }
}

variable "event_age_seconds" {
  description = "How long Scheduler tries to make a call; then it is a dead letter. No longer than until the next one is due."
  type        = number

  # https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html
  validation {
    condition     = var.event_age_seconds >= 60 && var.event_age_seconds <= 86400
    error_message = "Scheduler tries for 60 seconds at least, and for a day at most."
  }
}

variable "silent_runs" {
  description = "How many runs that were due may fail or stay away before somebody is told."
  type        = number
}

variable "silence" {
  description = "What it means that no run succeeds, in a sentence."
  type        = string
}

variable "role_suffix" {
  description = "End of the role's name, which an account has once, whatever the region; empty where there is one region."
  type        = string
  default     = ""
}

variable "alarm_topic" {
  description = "SNS topic that alarms are sent to; null: no alarms."
  type        = object({ arn = string })
}

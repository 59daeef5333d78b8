variable "name" {
  description = "What the function is called, without its stage: IngestLike."
  type        = string

  validation {
    condition     = can(regex("^[A-Z][A-Za-z]{1,31}$", var.name))
    error_message = "A function's name is CamelCase letters, at most 32 of them."
  }
}

variable "stage" {
  description = "Stage the function belongs to."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,15}$", var.stage))
    error_message = "A stage is 2 to 16 lower-case letters and digits, the first a letter."
  }
}

variable "description" {
  description = "What the function does, in a sentence."
  type        = string
}

variable "release" {
  description = "What was deployed, the functions' code and the page: a hash that all versions have which belong together."
  type        = string
}

variable "handler" {
  description = "Dotted path of the Python function that Lambda calls."
  type        = string

  validation {
    condition     = can(regex("^transform\\.handlers\\.[a-z]+\\.handler$", var.handler))
    error_message = "A handler is transform.handlers.<step>.handler."
  }
}

variable "package" {
  description = "Path of the zip that infra/build.py made."
  type        = string
}

variable "layers" {
  description = "ARNs of the Lambda layers that hold what the function imports and the zip does not."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.layers : can(regex("^arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:layer:[^:]+:[0-9]+$", arn))])
    error_message = "A layer is named by the ARN of one of its versions."
  }
}

variable "environment" {
  description = "Environment variables of the function's own; those of its logs and metrics are added."
  type        = map(string)
}

variable "policy" {
  description = "What the function may do beside writing its log and its dead letters: the JSON of an aws_iam_policy_document."
  type        = string
}

variable "memory_mb" {
  description = "Memory in MB; the share of a CPU follows it (1,769 MB is one CPU)."
  type        = number
  default     = 256

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240
    error_message = "Lambda gives between 128 and 10,240 MB."
  }
}

variable "ephemeral_mb" {
  description = "Room in /tmp, in MB."
  type        = number
  default     = 512

  validation {
    condition     = var.ephemeral_mb >= 512 && var.ephemeral_mb <= 10240
    error_message = "Lambda gives between 512 and 10,240 MB of /tmp."
  }
}

variable "timeout_seconds" {
  description = "Longest one call may take."
  type        = number

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 900
    error_message = "Lambda runs between 1 and 900 seconds."
  }
}

variable "reserved_executions" {
  description = "Executions at a time that are kept for this function, and the most it may have; -1: it shares in the account's."
  type        = number
  default     = -1

  validation {
    condition     = var.reserved_executions == -1 || var.reserved_executions >= 1
    error_message = "Reserve an execution at least, or -1 for none: with 0, the function never runs."
  }
}

variable "event_age_seconds" {
  description = "How long Lambda keeps an event that it was handed asynchronously, retries included; then it is a dead letter."
  type        = number
  default     = 21600 # 6 hours, as long as Lambda keeps any

  validation {
    condition     = var.event_age_seconds >= 60 && var.event_age_seconds <= 21600
    error_message = "Lambda keeps an event between a minute and 6 hours."
  }
}

variable "log_share" {
  description = "Share of calls whose every line is logged; of the others, warnings and errors are. Less than 1 for what is called at each request."
  type        = number
  default     = 1

  validation {
    condition     = var.log_share > 0 && var.log_share <= 1
    error_message = "The share of calls that are logged is above 0, and at most 1."
  }
}

variable "traced" {
  description = "Whether X-Ray traces calls; priced by the trace."
  type        = bool
  default     = false
}

variable "role_suffix" {
  description = "End of the role's name, which an account has once, whatever the region; empty where there is one region."
  type        = string
  default     = ""
}

variable "key_arn" {
  description = "ARN of the key that its log is encrypted with; null: CloudWatch's own."
  type        = string
  default     = null
}

variable "alarm_topic" {
  description = "SNS topic that alarms are sent to; null: no alarms."
  type        = object({ arn = string })
}

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
  description = "The function that takes likes in: its name, and the ARN by which API Gateway calls it."
  type = object({
    name       = string
    invoke_arn = string
  })
}

variable "read" {
  description = "The function that answers how many likes and what is trending: its name, and the ARN by which API Gateway calls it."
  type = object({
    name       = string
    invoke_arn = string
  })
}

variable "requests_per_second" {
  description = "Requests a second that the stage takes before it answers 429. An account has 10,000 for all its APIs of a region."
  type        = number

  validation {
    condition     = var.requests_per_second >= 1 && var.requests_per_second <= 10000
    error_message = "Take between 1 and 10,000 requests a second; more has to be asked of AWS first."
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

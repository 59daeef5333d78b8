variable "name" {
  description = "What is watched; the name of each alarm begins with it."
  type        = string
}

variable "topic" {
  description = "SNS topic that alarms go to when they ring and when all is well again; null: there are no alarms."
  type        = object({ arn = string })
}

variable "alarms" {
  description = "Alarms by the end of their name. One rings when `metric` was `above` its threshold (or `below`, where that is told) in `datapoints` of the last `periods`, each of `seconds`; no data is no alarm."
  type = map(object({
    description = string
    namespace   = string
    metric      = string
    dimensions  = map(string)
    statistic   = optional(string, "Sum")
    above       = optional(number, 0)
    below       = optional(number)
    seconds     = optional(number, 60)
    periods     = optional(number, 1)
    datapoints  = optional(number, 1)
  }))

  validation {
    condition     = alltrue([for a in values(var.alarms) : a.seconds % 60 == 0 && a.datapoints >= 1 && a.datapoints <= a.periods])
    error_message = "An alarm looks at whole minutes, and needs at least one datapoint and at most all it looks at."
  }

  validation {
    condition     = alltrue([for a in values(var.alarms) : contains(["Average", "Maximum", "Sum"], a.statistic)])
    error_message = "The statistic is Average, Maximum or Sum."
  }
}

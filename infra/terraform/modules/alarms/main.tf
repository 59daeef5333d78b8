# Alarms that ring when a metric is above a threshold, or below one. What an alarm watches, and from when on it rings, stands in the
# alarms.tf of the module that has it.
#
# DynamoDB measures what it throttles while it does, and an alarm on its metrics ignores what is missing, whatever it is told: it would
# never be well again. So such an alarm watches the metric with noughts in its gaps.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html (TreatMissingData)

locals {
  filled = toset([for name, alarm in var.alarms : name if alarm.namespace == "AWS/DynamoDB"])
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each            = var.topic == null ? {} : var.alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = contains(local.filled, each.key) ? null : each.value.namespace
  metric_name         = contains(local.filled, each.key) ? null : each.value.metric
  dimensions          = contains(local.filled, each.key) ? null : each.value.dimensions
  statistic           = contains(local.filled, each.key) ? null : each.value.statistic
  period              = contains(local.filled, each.key) ? null : each.value.seconds
  comparison_operator = each.value.below == null ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold           = coalesce(each.value.below, each.value.above)
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.datapoints
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic.arn]
  ok_actions          = [var.topic.arn]

  dynamic "metric_query" {
    for_each = contains(local.filled, each.key) ? ["FILL(measured, 0)"] : []

    content {
      id          = "filled"
      label       = each.value.metric
      expression  = metric_query.value
      return_data = true
    }
  }

  dynamic "metric_query" {
    for_each = contains(local.filled, each.key) ? [each.value] : []

    content {
      id = "measured"

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.metric
        dimensions  = metric_query.value.dimensions
        stat        = metric_query.value.statistic
        period      = metric_query.value.seconds
      }
    }
  }
}

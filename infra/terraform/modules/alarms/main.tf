# Alarms that ring when a metric is above a threshold, or below one. What an alarm watches, and from when on it rings, stands in the
# alarms.tf of the module that has it.
resource "aws_cloudwatch_metric_alarm" "this" {
  for_each            = var.topic == null ? {} : var.alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = each.value.below == null ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold           = coalesce(each.value.below, each.value.above)
  period              = each.value.seconds
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.datapoints
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic.arn]
  ok_actions          = [var.topic.arn]
}

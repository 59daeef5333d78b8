resource "aws_cloudwatch_metric_alarm" "write_throttles" {
  count               = var.alarm_topic == null ? 0 : 1
  alarm_name          = "${var.name}-write-throttles"
  alarm_description   = "${var.name} refuses writes; trends fall behind and catch up once it takes them again."
  namespace           = "AWS/DynamoDB"
  metric_name         = "WriteThrottleEvents"
  dimensions          = { TableName = var.name }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic.arn]
  ok_actions          = [var.alarm_topic.arn]
}

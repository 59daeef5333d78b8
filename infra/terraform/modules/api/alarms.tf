resource "aws_cloudwatch_metric_alarm" "server_errors" {
  count               = var.alarm_topic == null ? 0 : 1
  alarm_name          = "${var.name}-server-errors"
  alarm_description   = "${var.name} answers 1 request in 100 with a 5xx: likes are refused and their senders told to try again."
  namespace           = "AWS/ApiGateway"
  metric_name         = "5XXError"
  dimensions          = { ApiName = var.name, Stage = var.stage }
  statistic           = "Average"
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0.01
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic.arn]
  ok_actions          = [var.alarm_topic.arn]
}

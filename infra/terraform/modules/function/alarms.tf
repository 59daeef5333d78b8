resource "aws_cloudwatch_metric_alarm" "errors" {
  count               = var.alarm_topic == null ? 0 : 1
  alarm_name          = "${local.name}-errors"
  alarm_description   = "${local.name} raised: a service said no, or there is a bug. Its log tells which."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = local.name }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic.arn]
  ok_actions          = [var.alarm_topic.arn]
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  count               = var.alarm_topic == null ? 0 : 1
  alarm_name          = "${local.name}-dead-letters"
  alarm_description   = "${local.name} gave up on an event, which waits in its dead-letter queue."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead_letters.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic.arn]
  ok_actions          = [var.alarm_topic.arn]
}

# Events that EventBridge could not hand to the function in a day.

data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  dead_letters     = "${var.name}-dead-letters"
  dead_letters_arn = "arn:${data.aws_partition.current.partition}:sqs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:${local.dead_letters}"
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = local.dead_letters
  message_retention_seconds = 14 * 24 * 60 * 60
  sqs_managed_sse_enabled   = true
  # In here, for Terraform waits half a minute after each change of a queue.
  policy = data.aws_iam_policy_document.dead_letters.json
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  count               = var.alarm_topic == null ? 0 : 1
  alarm_name          = "${var.name}-dead-letters"
  alarm_description   = "Events on ${var.name} did not reach the function in a day and wait in the dead-letter queue."
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

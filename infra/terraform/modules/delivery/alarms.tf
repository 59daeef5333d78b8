resource "aws_cloudwatch_metric_alarm" "freshness" {
  count               = var.alarm_topic == null ? 0 : 1
  alarm_name          = "${var.name}-freshness"
  alarm_description   = "${var.name} holds rows that are 15 minutes older than they should be: delivery to S3 or the transformation fails."
  namespace           = "AWS/Firehose"
  metric_name         = "DeliveryToS3.DataFreshness"
  dimensions          = { DeliveryStreamName = var.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.buffer_seconds + 15 * 60
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic.arn]
  ok_actions          = [var.alarm_topic.arn]
}

resource "aws_cloudwatch_metric_alarm" "failed_conversion" {
  count               = var.alarm_topic == null ? 0 : 1
  alarm_name          = "${var.name}-failed-conversion"
  alarm_description   = "${var.name} could not make Parquet of some rows, which lie below errors/ now."
  namespace           = "AWS/Firehose"
  metric_name         = "FailedConversion.Records"
  dimensions          = { DeliveryStreamName = var.name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic.arn]
  ok_actions          = [var.alarm_topic.arn]
}

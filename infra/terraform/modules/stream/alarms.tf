resource "aws_cloudwatch_metric_alarm" "write_throttles" {
  count               = var.alarm_topic == null ? 0 : 1
  alarm_name          = "${var.name}-write-throttles"
  alarm_description   = "${var.name} refuses writes: likes arrive faster than it has grown. Senders are told to try again."
  namespace           = "AWS/Kinesis"
  metric_name         = "WriteProvisionedThroughputExceeded"
  dimensions          = { StreamName = var.name }
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

resource "aws_cloudwatch_metric_alarm" "read_age" {
  count               = var.alarm_topic == null ? 0 : 1
  alarm_name          = "${var.name}-read-age"
  alarm_description   = "The slowest reader of ${var.name} is a quarter of its retention behind; what is not read in time is lost."
  namespace           = "AWS/Kinesis"
  metric_name         = "GetRecords.IteratorAgeMilliseconds"
  dimensions          = { StreamName = var.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.retention_hours * 60 * 60 * 1000 / 4
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic.arn]
  ok_actions          = [var.alarm_topic.arn]
}

module "alarms" {
  source = "../alarms"
  name   = var.name
  topic  = var.alarm_topic
  alarms = {
    freshness = {
      description = "${var.name} holds rows that are 15 minutes older than they should be: delivery to S3 or the transformation fails."
      namespace   = "AWS/Firehose"
      metric      = "DeliveryToS3.DataFreshness"
      dimensions  = { DeliveryStreamName = var.name }
      statistic   = "Maximum"
      above       = var.buffer_seconds + 15 * 60
      seconds     = 300
    }
    failed-processing = {
      description = "Half of the calls of ${var.name} to its function fail: it tries 10 times, then the batch lies below errors/."
      namespace   = "AWS/Firehose"
      metric      = "ExecuteProcessing.Success"
      dimensions  = { DeliveryStreamName = var.name }
      statistic   = "Average"
      below       = 0.5
      seconds     = 300
      periods     = 3
      datapoints  = 3
    }
    failed-conversion = {
      description = "${var.name} could not make Parquet of some rows, which lie below errors/ now."
      namespace   = "AWS/Firehose"
      metric      = "FailedConversion.Records"
      dimensions  = { DeliveryStreamName = var.name }
      seconds     = 300
    }
  }
}

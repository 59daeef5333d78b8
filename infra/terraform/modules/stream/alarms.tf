module "alarms" {
  source = "../alarms"
  name   = var.name
  topic  = var.alarm_topic
  alarms = {
    write-throttles = {
      description = "${var.name} refuses writes: likes arrive faster than it has grown. Senders are told to try again."
      namespace   = "AWS/Kinesis"
      metric      = "WriteProvisionedThroughputExceeded"
      dimensions  = { StreamName = var.name }
      periods     = 5
      datapoints  = 3
    }
    read-age = {
      description = "The slowest reader of ${var.name} is a quarter of its retention behind; what is not read in time is lost."
      namespace   = "AWS/Kinesis"
      metric      = "GetRecords.IteratorAgeMilliseconds"
      dimensions  = { StreamName = var.name }
      statistic   = "Maximum"
      above       = var.retention_hours * 60 * 60 * 1000 / 4
      seconds     = 300
    }
  }
}

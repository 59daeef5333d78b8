module "alarms" {
  source = "../alarms"
  name   = var.name
  topic  = var.alarm_topic
  alarms = {
    write-throttles = {
      description = "${var.name} refuses writes; trends fall behind and catch up once it takes them again."
      namespace   = "AWS/DynamoDB"
      metric      = "WriteThrottleEvents"
      dimensions  = { TableName = var.name }
      periods     = 5
      datapoints  = 3
    }
  }
}

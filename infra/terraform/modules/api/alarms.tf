module "alarms" {
  source = "../alarms"
  name   = var.name
  topic  = var.alarm_topic
  alarms = {
    server-errors = {
      description = "${var.name} answers 1 request in 100 with a 5xx: likes are refused and their senders told to try again."
      namespace   = "AWS/ApiGateway"
      metric      = "5XXError"
      dimensions  = { ApiName = var.name, Stage = var.stage }
      statistic   = "Average"
      above       = 0.01
      periods     = 5
      datapoints  = 3
    }
  }
}

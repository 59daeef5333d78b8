# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
module "alarms" {
  source = "../alarms"
  name   = var.name
  topic  = var.alarm_topic
  alarms = {
    server-errors = {
      description = "${var.name} answers 1 request in 100 with a 5xx: likes are refused and their senders told to try again."
      namespace   = "AWS/ApiGateway"
      metric      = "5xx"
      dimensions  = { ApiId = aws_apigatewayv2_api.this.id, Stage = var.stage }
      statistic   = "Average"
      above       = 0.01
      periods     = 5
      datapoints  = 3
    }
  }
}

module "alarms" {
  source = "../alarms"
  name   = local.name
  topic  = var.alarm_topic
  alarms = {
    errors = {
      description = "${local.name} raised: a service said no, or there is a bug. Its log tells which."
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = { FunctionName = local.name }
    }
    dead-letters = {
      description = "${local.name} gave up on an event, which waits in its dead-letter queue."
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = aws_sqs_queue.dead_letters.name }
      statistic   = "Maximum"
      seconds     = 300
    }
  }
}

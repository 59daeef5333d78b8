module "alarms" {
  source = "../alarms"
  name   = local.name
  topic  = var.alarm_topic
  alarms = {
    errors = {
      description = "${local.name} raises again and again: a service says no, or there is a bug. Its log tells which."
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = { FunctionName = local.name }
      periods     = 5
      datapoints  = 3
    }
    throttles = {
      description = "${local.name} is called more often at a time than the account allows: calls wait and are tried again, and Firehose gives some up."
      namespace   = "AWS/Lambda"
      metric      = "Throttles"
      dimensions  = { FunctionName = local.name }
      periods     = 5
      datapoints  = 3
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

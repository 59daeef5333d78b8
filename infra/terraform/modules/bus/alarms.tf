module "alarms" {
  source = "../alarms"
  name   = var.name
  topic  = var.alarm_topic
  alarms = {
    dead-letters = {
      description = "Events on ${var.name} did not reach the function in a day and wait in the dead-letter queue."
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = aws_sqs_queue.dead_letters.name }
      statistic   = "Maximum"
      seconds     = 300
    }
  }
}

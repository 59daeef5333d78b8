# The other way in: an event of type MovieLiked on our bus goes to the same function as POST /likes.

data "aws_caller_identity" "current" {}

resource "aws_cloudwatch_event_bus" "this" {
  name = var.name
}

resource "aws_cloudwatch_event_rule" "liked" {
  name           = "${var.name}-liked"
  description    = "Likes that other services announce."
  event_bus_name = aws_cloudwatch_event_bus.this.name
  event_pattern  = jsonencode({ "detail-type" = ["MovieLiked"] })
}

resource "aws_cloudwatch_event_target" "ingest" {
  event_bus_name = aws_cloudwatch_event_bus.this.name
  rule           = aws_cloudwatch_event_rule.liked.name
  target_id      = "ingest"
  arn            = var.function_arn

  # As long and as often as EventBridge tries at all.
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
  retry_policy {
    maximum_event_age_in_seconds = 24 * 60 * 60
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }

  # https://docs.aws.amazon.com/firehose/latest/dev/writing-with-kinesis-streams.html (LATEST)
  depends_on = [var.opens_after]
}

resource "aws_lambda_permission" "rule" {
  statement_id  = "event-bus"
  action        = "lambda:InvokeFunction"
  function_name = var.function_name
  qualifier     = var.function_qualifier
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.liked.arn
}

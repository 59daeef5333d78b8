# Where Lambda puts an event that it was handed asynchronously and that failed every retry, with the reason. A
# destination, not the function's dead_letter_config: the function then need not wait half a minute for the queue.

resource "aws_sqs_queue" "dead_letters" {
  name                      = "${local.name}-dead-letters"
  message_retention_seconds = 14 * 24 * 60 * 60
  sqs_managed_sse_enabled   = true
}

data "aws_iam_policy_document" "dead_letters" {
  statement {
    sid       = "WriteOwnDeadLetters"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.dead_letters.arn]
  }
}

resource "aws_iam_role_policy" "dead_letters" {
  name   = "dead-letters"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.dead_letters.json
}

resource "aws_lambda_function_event_invoke_config" "this" {
  function_name = aws_lambda_function.this.function_name
  qualifier     = aws_lambda_alias.live.name
  # As often as Lambda tries at all, if the event lives that long: the first retry comes after a minute.
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = var.event_age_seconds

  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead_letters.arn
    }
  }

  depends_on = [aws_iam_role_policy.dead_letters]
}

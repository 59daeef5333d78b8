# Events that EventBridge could not hand to the function in a day.

data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  dead_letters     = "${var.name}-dead-letters"
  dead_letters_arn = "arn:${data.aws_partition.current.partition}:sqs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:${local.dead_letters}"
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = local.dead_letters
  message_retention_seconds = 14 * 24 * 60 * 60
  sqs_managed_sse_enabled   = true
  # In here, for Terraform waits half a minute after each change of a queue.
  policy = data.aws_iam_policy_document.dead_letters.json
}

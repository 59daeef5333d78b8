data "aws_iam_policy_document" "dead_letters" {
  statement {
    sid       = "KeepWhatWasNotTaken"
    actions   = ["sqs:SendMessage"]
    resources = [local.dead_letters_arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.liked.arn]
    }
  }
}

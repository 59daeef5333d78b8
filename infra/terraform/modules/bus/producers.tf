# Who else announces likes. This account's IAM says so for its own; others are named here, and may send nothing else.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-perms.html
data "aws_iam_policy_document" "producers" {
  statement {
    sid       = "AnnounceLikes"
    actions   = ["events:PutEvents"]
    resources = [aws_cloudwatch_event_bus.this.arn]

    principals {
      type        = "AWS"
      identifiers = var.producers
    }

    condition {
      test     = "StringEquals"
      variable = "events:detail-type"
      values   = ["MovieLiked"]
    }
  }
}

resource "aws_cloudwatch_event_bus_policy" "producers" {
  count          = length(var.producers) > 0 ? 1 : 0
  event_bus_name = aws_cloudwatch_event_bus.this.name
  policy         = data.aws_iam_policy_document.producers.json
}

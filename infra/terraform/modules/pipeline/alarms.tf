# Every alarm of the stage goes to one topic. It has no key of its own: with the account's key for SNS, CloudWatch could
# not send.

locals {
  alarm_topic = one(aws_sns_topic.alarms)
}

resource "aws_sns_topic" "alarms" {
  count = var.alarms ? 1 : 0
  name  = "${local.service}-alarms"
}

resource "aws_sns_topic_subscription" "alarms" {
  count     = var.alarms && var.alarm_email != null ? 1 : 0
  topic_arn = local.alarm_topic.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

data "aws_iam_policy_document" "alarms" {
  count = var.alarms ? 1 : 0

  statement {
    sid       = "SendAlarms"
    actions   = ["sns:Publish"]
    resources = [local.alarm_topic.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_sns_topic_policy" "alarms" {
  count  = var.alarms ? 1 : 0
  arn    = local.alarm_topic.arn
  policy = data.aws_iam_policy_document.alarms[0].json
}

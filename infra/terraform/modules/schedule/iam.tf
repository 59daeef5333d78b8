data "aws_caller_identity" "current" {}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

# Scheduler does both with the schedule's role.
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
data "aws_iam_policy_document" "this" {
  statement {
    sid       = "CallFunction"
    actions   = ["lambda:InvokeFunction"]
    resources = [var.function.arn]
  }

  statement {
    sid       = "KeepWhatWasNotTaken"
    actions   = ["sqs:SendMessage"]
    resources = [var.function.dead_letters_arn]
  }
}

resource "aws_iam_role" "this" {
  name               = "${var.name}-schedule${var.role_suffix}"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "this" {
  name   = "call"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.this.json
}

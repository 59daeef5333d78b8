data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  catalog = "arn:${data.aws_partition.current.partition}:glue:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"
}

# The trust that AWS documents, without a condition on aws:SourceAccount: no document says that Firehose sends it, and the
# first apply would fail where it does not. Another account's Firehose cannot be handed the role: iam:PassRole is needed.
# https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#firehose-assume-role
data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["firehose.amazonaws.com"]
    }
  }
}

# https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html
data "aws_iam_policy_document" "this" {
  statement {
    sid       = "ReadStream"
    actions   = ["kinesis:DescribeStream", "kinesis:GetShardIterator", "kinesis:GetRecords", "kinesis:ListShards"]
    resources = [var.stream_arn]
  }

  statement {
    sid       = "MakeRows"
    actions   = ["lambda:InvokeFunction", "lambda:GetFunctionConfiguration"]
    resources = [var.function_arn]
  }

  statement {
    sid     = "ReadColumns"
    actions = ["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"]
    resources = [
      "${local.catalog}:catalog",
      "${local.catalog}:database/${var.database}",
      "${local.catalog}:table/${var.database}/${var.table}",
    ]
  }

  statement {
    sid       = "WriteFiles"
    actions   = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    resources = ["${var.bucket_arn}/${var.prefix}*", "${var.bucket_arn}/errors/*"]
  }

  statement {
    sid       = "FindBucket"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
    resources = [var.bucket_arn]
  }

  statement {
    sid       = "WriteOwnLog"
    actions   = ["logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:log-stream:${aws_cloudwatch_log_stream.this.name}"]
  }
}

resource "aws_iam_role" "this" {
  name               = "${var.name}${var.role_suffix}"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "this" {
  name   = "own"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.this.json
}

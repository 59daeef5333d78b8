# What people may do, each the least that their work takes. A role that nobody may take is not made.

locals {
  people = {
    analyst  = { who = var.people.analyst, policy = data.aws_iam_policy_document.analyst.json }
    mender   = { who = var.people.mender, policy = data.aws_iam_policy_document.mender.json }
    operator = { who = var.people.operator, policy = data.aws_iam_policy_document.operator.json }
    producer = { who = var.people.producer, policy = data.aws_iam_policy_document.producer.json }
  }
  # By the folders that hold them.
  analysts_tables = ["likes", "repeats", "totals", "trends", "movies", "audit", "reports"]
  functions_arn   = "arn:${local.partition}:lambda:${local.regional}:function"
}

data "aws_iam_policy_document" "trust" {
  for_each = { for name, person in local.people : name => person.who if length(person.who) > 0 }

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = each.value
    }
  }
}

resource "aws_iam_role" "people" {
  for_each             = data.aws_iam_policy_document.trust
  name                 = "${local.service}-${each.key}${local.suffix}"
  assume_role_policy   = each.value.json
  max_session_duration = 4 * 60 * 60
}

resource "aws_iam_role_policy" "people" {
  for_each = aws_iam_role.people
  name     = "work"
  role     = each.value.id
  policy   = local.people[each.key].policy
}

# Asks in the stage's workgroup, whose limits hold, and reads what the tables hold. Rejected lines are as they were sent, and
# the raw ones will be forgotten last: neither is for analysts.
data "aws_iam_policy_document" "analyst" {
  statement {
    sid = "Ask"
    actions = [
      "athena:BatchGetQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetQueryRuntimeStatistics",
      "athena:GetWorkGroup", "athena:ListQueryExecutions", "athena:StartQueryExecution", "athena:StopQueryExecution",
    ]
    resources = ["arn:${local.partition}:athena:${local.regional}:workgroup/${module.lake.workgroup}"]
  }

  statement {
    sid     = "ReadCatalog"
    actions = ["glue:GetDatabase", "glue:GetDatabases", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"]
    resources = [
      "arn:${local.partition}:glue:${local.regional}:catalog",
      "arn:${local.partition}:glue:${local.regional}:database/default",
      "arn:${local.partition}:glue:${local.regional}:database/${module.lake.database}",
      "arn:${local.partition}:glue:${local.regional}:table/${module.lake.database}/*",
    ]
  }

  statement {
    sid       = "ReadTables"
    actions   = ["s3:GetObject"]
    resources = [for table in local.analysts_tables : "${local.bucket_arn}/${table}/*"]
  }

  statement {
    sid       = "FindTables"
    actions   = ["s3:ListBucket"]
    resources = [local.bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = [for table in local.analysts_tables : "${table}/*"]
    }
  }

  statement {
    sid       = "KeepAnswers"
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
    resources = ["${local.results_bucket_arn}/results/*"]
  }

  statement {
    sid       = "FindAnswers"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket"]
    resources = [local.results_bucket_arn]
  }
}

# Sees what the stage does and sets it going again; reads no like.
data "aws_iam_policy_document" "operator" {
  statement {
    sid       = "ReadLogs"
    actions   = ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents", "logs:StartQuery"]
    resources = ["arn:${local.partition}:logs:${local.regional}:log-group:/aws/lambda/*-${var.stage}:*", "arn:${local.partition}:logs:${local.regional}:log-group:/aws/kinesisfirehose/${local.archive}:*"]
  }

  statement {
    sid       = "SeeFunctions"
    actions   = ["lambda:GetFunctionConfiguration"]
    resources = flatten([for name in local.function_names : ["${local.functions_arn}:${name}", "${local.functions_arn}:${name}:live"]])
  }

  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
  statement {
    sid       = "WhatTakesNoResource"
    actions   = ["lambda:ListEventSourceMappings"]
    resources = ["*"]
  }

  statement {
    sid       = "RunAgain"
    actions   = ["lambda:InvokeFunction"]
    resources = flatten([for name in ["Audit", "CompactLake", "RankTrends", "TrendReport"] : ["${local.functions_arn}:${name}-${var.stage}", "${local.functions_arn}:${name}-${var.stage}:live"]])
  }

  statement {
    sid       = "SendDeadLettersAgain"
    actions   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListMessageMoveTasks", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:StartMessageMoveTask"]
    resources = ["arn:${local.partition}:sqs:${local.regional}:*-${var.stage}-dead-letters"]
  }

  statement {
    sid       = "SeeStream"
    actions   = ["kinesis:DescribeStreamSummary", "kinesis:ListShards"]
    resources = [local.stream_arn]
  }

  statement {
    sid       = "SeeTables"
    actions   = ["dynamodb:DescribeTable"]
    resources = [local.counts_arn, local.trends_arn]
  }

  statement {
    sid       = "SeeDelivery"
    actions   = ["firehose:DescribeDeliveryStream"]
    resources = ["arn:${local.partition}:firehose:${local.regional}:deliverystream/${local.archive}"]
  }

  # Names alone, and what compaction, audits and the newest report say of themselves.
  statement {
    sid       = "SeeLake"
    actions   = ["s3:ListBucket"]
    resources = [local.bucket_arn]
  }

  statement {
    sid       = "ReadState"
    actions   = ["s3:GetObject"]
    resources = [for key in ["state/compaction.json", "state/backfills/*", "audit/*", "reports/latest.json"] : "${local.bucket_arn}/${key}"]
  }

  statement {
    sid       = "SeeAlarms"
    actions   = ["cloudwatch:DescribeAlarmHistory", "cloudwatch:GetDashboard"]
    resources = ["arn:${local.partition}:cloudwatch:${local.regional}:alarm:*-${var.stage}-*", "arn:${local.partition}:cloudwatch::${local.account}:dashboard/${local.service}"]
  }
}

# Sends likes by either door, and reads nothing.
data "aws_iam_policy_document" "producer" {
  statement {
    sid       = "AnnounceLikes"
    actions   = ["events:PutEvents"]
    resources = ["arn:${local.partition}:events:${local.regional}:event-bus/${local.service}"]
  }

  statement {
    sid       = "PostLikes"
    actions   = ["execute-api:Invoke"]
    resources = ["arn:${local.partition}:execute-api:${local.regional}:${local.api_id}/${var.stage}/POST/likes"]
  }
}

# Mends what is wrong with numbers, and what must be forgotten: `lake audit`, `reconcile`, `recount`, `redrive`, `replay`, `backfill`,
# `compact`, `forget` and `rollback`. It reads and writes likes, and changes nothing of what Terraform made but which version an alias names.

locals {
  # As infra/terraform/states.py names it, unless LAKE_STATE_BUCKET does.
  states_arn = "arn:${local.partition}:s3:::movie-likes-terraform-${local.account}-${local.region}"
}

data "aws_iam_policy_document" "mender" {
  # Of earlier versions, too: what was lost is put back from them, and who is forgotten is taken out of them.
  statement {
    sid       = "Find"
    actions   = ["s3:ListBucket", "s3:ListBucketVersions"]
    resources = [local.bucket_arn, local.results_bucket_arn, local.site_bucket_arn]
  }

  statement {
    sid       = "Read"
    actions   = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = ["${local.bucket_arn}/*", "${local.results_bucket_arn}/*", "${local.site_bucket_arn}/*"]
  }

  statement {
    sid       = "Rewrite"
    actions   = ["s3:DeleteObject", "s3:PutObject"]
    resources = ["${local.bucket_arn}/*", "${local.site_bucket_arn}/*"]
  }

  statement {
    sid       = "ForgetForGood"
    actions   = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
    resources = ["${local.bucket_arn}/*", "${local.results_bucket_arn}/*"]
  }

  statement {
    sid       = "MendCounts"
    actions   = ["dynamodb:BatchGetItem", "dynamodb:DescribeTable", "dynamodb:Scan", "dynamodb:UpdateItem"]
    resources = [local.counts_arn]
  }

  statement {
    sid       = "SearchSums"
    actions   = ["dynamodb:Query", "dynamodb:Scan"]
    resources = [local.trends_arn]
  }

  statement {
    sid       = "ReadStream"
    actions   = ["kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"]
    resources = [local.stream_arn]
  }

  statement {
    sid       = "StateTrendsAgain"
    actions   = ["lambda:InvokeFunction"]
    resources = ["${local.functions_arn}:RankTrends-${var.stage}", "${local.functions_arn}:RankTrends-${var.stage}:live"]
  }

  statement {
    sid       = "GoBackToVersions"
    actions   = ["lambda:GetAlias", "lambda:ListVersionsByFunction", "lambda:UpdateAlias"]
    resources = flatten([for name in local.function_names : ["${local.functions_arn}:${name}", "${local.functions_arn}:${name}:live"]])
  }

  statement {
    sid       = "SearchDeadLetters"
    actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage", "sqs:SendMessage"]
    resources = ["arn:${local.partition}:sqs:${local.regional}:*-${var.stage}-dead-letters"]
  }

  statement {
    sid       = "SearchQueries"
    actions   = ["athena:BatchGetQueryExecution", "athena:ListQueryExecutions"]
    resources = ["arn:${local.partition}:athena:${local.regional}:workgroup/${module.lake.workgroup}"]
  }

  # Commands look up there what a stage's parts are called.
  statement {
    sid       = "ReadNames"
    actions   = ["s3:GetObject"]
    resources = ["${local.states_arn}/${var.stage}/terraform.tfstate"]
  }

  statement {
    sid       = "FindNames"
    actions   = ["s3:ListBucket"]
    resources = [local.states_arn]
  }

  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
  statement {
    sid       = "WhatTakesNoResource"
    actions   = ["sqs:ListQueues"]
    resources = ["*"]
  }
}

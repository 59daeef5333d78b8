# ReadLikes: answers how many likes films have, and which of them are rising.

module "read" {
  source          = "../function"
  key_arn         = local.key_arn
  release         = local.release
  traced          = var.traced
  log_share       = var.request_log_share
  role_suffix     = local.suffix
  name            = "ReadLikes"
  stage           = var.stage
  description     = "Answers how many likes films have, and which are rising."
  handler         = "transform.handlers.read.handler"
  package         = var.package
  environment     = { COUNTS_TABLE = local.counts, TRENDS_TABLE = local.trends, CORS_ORIGINS = join(" ", var.cors_origins) }
  policy          = data.aws_iam_policy_document.read.json
  memory_mb       = 512
  timeout_seconds = 28 # API Gateway gives up after 29
  alarm_topic     = local.alarm_topic
}

data "aws_iam_policy_document" "read" {
  statement {
    sid       = "ReadCounts"
    actions   = ["dynamodb:BatchGetItem"]
    resources = [local.counts_arn]
  }

  statement {
    sid       = "ReadLeaderboards"
    actions   = ["dynamodb:GetItem"]
    resources = [local.trends_arn]
  }
}

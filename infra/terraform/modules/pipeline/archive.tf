# ArchiveLikes: makes rows of what is on the stream, for Firehose to write; what cannot become a row goes to rejected/.

module "archive" {
  source          = "../function"
  key_arn         = local.key_arn
  release         = local.release
  traced          = var.traced
  role_suffix     = local.suffix
  name            = "ArchiveLikes"
  stage           = var.stage
  description     = "Makes rows of the stream's likes, and keeps what is none."
  handler         = "transform.handlers.archive.handler"
  package         = var.package
  environment     = { LAKE_BUCKET = local.bucket }
  policy          = data.aws_iam_policy_document.archive.json
  memory_mb       = 512
  timeout_seconds = 120 # Firehose waits for 5 minutes
  # Firehose gives up a batch whose calls are throttled. Which accounts have room to reserve, infra/cli/quotas.py says.
  reserved_executions = var.archive_executions
  alarm_topic         = local.alarm_topic
}

data "aws_iam_policy_document" "archive" {
  statement {
    sid       = "KeepRejects"
    actions   = ["s3:PutObject"]
    resources = ["${local.bucket_arn}/rejected/*"]
  }
}

module "delivery" {
  source         = "../delivery"
  key_arn        = local.key_arn
  role_suffix    = local.suffix
  name           = local.archive
  stream_arn     = module.stream.arn
  function_arn   = module.archive.arn
  bucket_arn     = module.lake.bucket_arn
  prefix         = module.lake.raw_prefix
  database       = module.lake.database
  table          = module.lake.raw_table
  buffer_seconds = var.delivery_seconds
  alarm_topic    = local.alarm_topic
}

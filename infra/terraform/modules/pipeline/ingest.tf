# IngestLike: takes likes in, over HTTP and from the event bus, and puts them on the stream.

module "ingest" {
  source      = "../function"
  key_arn     = local.key_arn
  release     = local.release
  traced      = var.traced
  log_share   = var.request_log_share
  role_suffix = local.suffix
  name        = "IngestLike"
  stage       = var.stage
  description = "Puts likes on the stream, a request whole or not at all."
  handler     = "transform.handlers.ingest.handler"
  package     = var.package
  environment = {
    STREAM_NAME  = local.stream
    CORS_ORIGINS = join(" ", var.cors_origins)
    USER_CLAIM   = var.writers.mode == "jwt" ? var.writers.claim : ""
  }
  policy          = data.aws_iam_policy_document.ingest.json
  memory_mb       = 512
  timeout_seconds = 28 # API Gateway gives up after 29
  alarm_topic     = local.alarm_topic
}

data "aws_iam_policy_document" "ingest" {
  statement {
    sid       = "PutLikes"
    actions   = ["kinesis:PutRecord"]
    resources = [local.stream_arn]
  }
}

module "bus" {
  source             = "../bus"
  name               = local.service
  function_name      = module.ingest.name
  function_qualifier = module.ingest.qualifier
  function_arn       = module.ingest.arn
  producers          = var.producers
  opens_after        = module.delivery.arn
  alarm_topic        = local.alarm_topic
}

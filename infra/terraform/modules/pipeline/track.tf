# TrackTrends: sums up each batch that the stream pushes to its consumer, or is asked for, and keeps the sums for RankTrends.

module "trends" {
  source      = "../trends"
  name        = local.trends
  consumer    = local.consumer
  fan_out     = var.fan_out
  stream_arn  = module.stream.arn
  disposable  = var.disposable
  key_arn     = local.key_arn
  alarm_topic = local.alarm_topic
}

module "track" {
  source          = "../function"
  key_arn         = local.key_arn
  release         = local.release
  traced          = var.traced
  role_suffix     = local.suffix
  name            = "TrackTrends"
  stage           = var.stage
  description     = "Sums up each batch of the stream exactly once, by film and minute."
  handler         = "transform.handlers.track.handler"
  package         = var.package
  environment     = { TRENDS_TABLE = local.trends }
  policy          = data.aws_iam_policy_document.track.json
  memory_mb       = 512
  timeout_seconds = 120
  alarm_topic     = local.alarm_topic
}

data "aws_iam_policy_document" "track" {
  # One transaction a batch puts its sums and the checkpoint of its shard.
  statement {
    sid       = "KeepSums"
    actions   = ["dynamodb:PutItem"]
    resources = [local.trends_arn]
  }

  statement {
    sid       = "ReadStream"
    actions   = local.read_stream
    resources = [local.stream_arn]
  }

  # The last part of a consumer's ARN is the second it was made in.
  dynamic "statement" {
    for_each = var.fan_out ? ["fan-out"] : []

    content {
      sid       = "Subscribe"
      actions   = ["kinesis:SubscribeToShard"]
      resources = ["${local.stream_arn}/consumer/${local.consumer}:*"]
    }
  }
}

# Exact sums rest on what is set here: one batch of a shard at a time, in order, until it is kept. More at a time, or
# giving a batch up, would let the shard's checkpoint pass likes that are in no sum.
resource "aws_lambda_event_source_mapping" "track" {
  count                              = var.fan_out_mapping ? 1 : 0
  event_source_arn                   = var.fan_out ? module.trends.consumer_arn : module.stream.arn
  function_name                      = module.track.arn
  starting_position                  = "TRIM_HORIZON"
  parallelization_factor             = 1
  maximum_retry_attempts             = -1
  maximum_record_age_in_seconds      = -1
  batch_size                         = 1000
  maximum_batching_window_in_seconds = var.batch_seconds
}

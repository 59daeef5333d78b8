# UpdateCount: folds each batch of the stream to one write a movie, and counts each like exactly once.

module "counts" {
  source      = "../counts"
  name        = local.counts
  disposable  = var.disposable
  capacity    = var.capacity.writes == null ? null : { writes = var.capacity.writes, reads = var.capacity.reads }
  key_arn     = local.key_arn
  alarm_topic = local.alarm_topic
}

module "count" {
  source          = "../function"
  key_arn         = local.key_arn
  release         = local.release
  traced          = var.traced
  role_suffix     = local.suffix
  name            = "UpdateCount"
  stage           = var.stage
  description     = "Counts each like of the stream exactly once."
  handler         = "transform.handlers.count.handler"
  package         = var.package
  environment     = { COUNTS_TABLE = local.counts }
  policy          = data.aws_iam_policy_document.count.json
  memory_mb       = 1024
  timeout_seconds = 300 # a batch of 6 MB that names a film a like, while the table throttles
  alarm_topic     = local.alarm_topic
}

data "aws_iam_policy_document" "count" {
  statement {
    sid       = "Count"
    actions   = ["dynamodb:UpdateItem"]
    resources = [local.counts_arn]
  }

  statement {
    sid       = "ReadStream"
    actions   = local.read_stream
    resources = [local.stream_arn]
  }
}

# Counting exactly rests on what is set here: one batch of a shard at a time, in order, until it is counted. More at a
# time, or giving a batch up, would let the sequence number remembered in an item pass likes that it does not count.
resource "aws_lambda_event_source_mapping" "count" {
  event_source_arn                   = module.stream.arn
  function_name                      = module.count.arn
  starting_position                  = "TRIM_HORIZON"
  parallelization_factor             = 1
  maximum_retry_attempts             = -1
  maximum_record_age_in_seconds      = -1
  batch_size                         = 1000
  maximum_batching_window_in_seconds = var.batch_seconds
}

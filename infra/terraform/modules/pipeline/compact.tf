# CompactLake: merges what Firehose delivered into the likes table, each like once, in the day it happened on.

# Two runs at a time do no harm: the one that loses the race for an object does its work again. So none is reserved for
# the function, which an account whose limit AWS has not raised yet would refuse: all of it has to stay unreserved.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
module "compact" {
  source            = "../function"
  key_arn           = local.key_arn
  release           = local.release
  traced            = var.traced
  role_suffix       = local.suffix
  name              = "CompactLake"
  stage             = var.stage
  description       = "Merges what was delivered into the likes table, each like once."
  handler           = "transform.handlers.compact.handler"
  package           = var.package
  layers            = local.layers.compact
  environment       = { LAKE_BUCKET = local.bucket, COUNTS_TABLE = module.counts.name }
  policy            = data.aws_iam_policy_document.compact.json
  memory_mb         = 3008  # two CPUs, both of which DuckDB uses; new accounts are given no more
  ephemeral_mb      = 10240 # what DuckDB reads, writes and spills: all that Lambda gives
  timeout_seconds   = 900
  event_age_seconds = 300 # the next call does what this one did not
  alarm_topic       = local.alarm_topic
}

data "aws_iam_policy_document" "compact" {
  statement {
    sid     = "ReadLake"
    actions = ["s3:GetObject"]
    resources = [
      "${local.bucket_arn}/raw/*",
      "${local.bucket_arn}/likes/*",
      "${local.bucket_arn}/totals/*",
      "${local.bucket_arn}/ids/*",
      "${local.bucket_arn}/repeats/*",
      "${local.bucket_arn}/adjusted/*",
      "${local.bucket_arn}/state/compaction.json",
      "${local.bucket_arn}/state/adjusting.json",
      "${local.bucket_arn}/state/backfills/*",
    ]
  }

  statement {
    sid     = "WriteWhatTheLakeHoldsAndState"
    actions = ["s3:PutObject"]
    resources = [
      "${local.bucket_arn}/likes/*",
      "${local.bucket_arn}/totals/*",
      "${local.bucket_arn}/ids/*",
      "${local.bucket_arn}/repeats/*",
      "${local.bucket_arn}/adjusted/*",
      "${local.bucket_arn}/state/compaction.json",
      "${local.bucket_arn}/state/adjusting.json",
    ]
  }

  statement {
    sid       = "AdjustCounts"
    actions   = ["dynamodb:BatchGetItem", "dynamodb:UpdateItem"]
    resources = [module.counts.arn]
  }

  # A day that is divided otherwise has objects too many, and an earlier version wrote totals by the hour.
  statement {
    sid       = "RemoveWhatIsLeftOver"
    actions   = ["s3:DeleteObject"]
    resources = ["${local.bucket_arn}/likes/*", "${local.bucket_arn}/totals/*"]
  }

  # Who is forgotten, as keyed hashes, and the key. No other function reads these, and none writes them.
  statement {
    sid       = "ReadWhoIsForgotten"
    actions   = ["s3:GetObject"]
    resources = ["${local.bucket_arn}/forgotten/tombstones.json", "${local.bucket_arn}/keys/forget"]
  }

  # Without it, S3 would also refuse to say that an object is not there yet.
  statement {
    sid       = "FindWhatIsRead"
    actions   = ["s3:ListBucket"]
    resources = [local.bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values = [
        "raw/*", "likes/*", "totals/*", "ids/*", "repeats/*", "adjusted/*", "state/*", "forgotten/*", "keys/*",
      ]
    }
  }
}

module "compact_schedule" {
  source            = "../schedule"
  role_suffix       = local.suffix
  name              = module.compact.name
  description       = "Merges what was delivered every 5 minutes."
  expression        = "rate(5 minutes)"
  event_age_seconds = 300
  function          = { arn = module.compact.arn, dead_letters_arn = module.compact.dead_letters_arn }
  silent_runs       = 6
  silence           = "The likes table stands still, and catches up once it runs, as long as raw files are kept."
  alarm_topic       = local.alarm_topic
}

# Audit: each hour, whether counts, trends, archive and lake agree; what it finds is rows of the table audit.

module "audit" {
  source            = "../function"
  key_arn           = local.key_arn
  release           = local.release
  traced            = var.traced
  role_suffix       = local.suffix
  name              = "Audit"
  stage             = var.stage
  description       = "Takes each number from its own source, and tells which do not agree."
  handler           = "transform.handlers.audit.handler"
  package           = var.package
  layers            = local.layers.audit
  environment       = { LAKE_BUCKET = local.bucket, COUNTS_TABLE = module.counts.name, STREAM_ARN = local.stream_arn, COMPACT_FUNCTION = "${module.compact.name}:${module.compact.qualifier}" }
  policy            = data.aws_iam_policy_document.audit.json
  memory_mb         = 3008
  ephemeral_mb      = 10240 # raw files of two days, which DuckDB reads
  timeout_seconds   = 900
  event_age_seconds = 1800
  alarm_topic       = local.alarm_topic
}

data "aws_iam_policy_document" "audit" {
  statement {
    sid     = "ReadLake"
    actions = ["s3:GetObject"]
    resources = [
      "${local.bucket_arn}/raw/*",
      "${local.bucket_arn}/likes/*",
      "${local.bucket_arn}/totals/*",
      "${local.bucket_arn}/repeats/*",
      "${local.bucket_arn}/rollups/*",
      "${local.bucket_arn}/trends/*",
      "${local.bucket_arn}/rejected/*",
      "${local.bucket_arn}/errors/*",
      "${local.bucket_arn}/state/compaction.json",
      "${local.bucket_arn}/state/backfills/*",
    ]
  }

  # Likes that the lake lost may stand in earlier versions of days alone.
  statement {
    sid       = "ReadEarlierDays"
    actions   = ["s3:GetObjectVersion"]
    resources = ["${local.bucket_arn}/likes/*"]
  }

  statement {
    sid       = "FindEarlierDays"
    actions   = ["s3:ListBucketVersions"]
    resources = [local.bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["likes/*"]
    }
  }

  statement {
    sid       = "KeepWhatItFinds"
    actions   = ["s3:PutObject"]
    resources = ["${local.bucket_arn}/${module.lake.audit_prefix}*"]
  }

  statement {
    sid       = "ReadCounts"
    actions   = ["dynamodb:Scan"]
    resources = [module.counts.arn]
  }

  statement {
    sid       = "ReadStream"
    actions   = ["kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords"]
    resources = [local.stream_arn]
  }

  # What differs is asked again after a compaction: one that was cut off, or is at work, is no difference.
  statement {
    sid       = "Compact"
    actions   = ["lambda:InvokeFunction"]
    resources = [module.compact.arn]
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
        "raw/*", "likes/*", "totals/*", "repeats/*", "rollups/*", "trends/*", "rejected/*", "errors/*", "state/*",
      ]
    }
  }
}

module "audit_schedule" {
  source            = "../schedule"
  role_suffix       = local.suffix
  name              = module.audit.name
  description       = "Audits the stage every hour."
  expression        = "rate(1 hour)"
  event_age_seconds = 1800
  function          = { arn = module.audit.arn, dead_letters_arn = module.audit.dead_letters_arn }
  silent_runs       = 3
  silence           = "Nobody compares counts, trends and lake, so what one of them lost is not noticed."
  alarm_topic       = local.alarm_topic
}

# RankTrends: each minute, makes leaderboards of what TrackTrends summed up, and the days of the trends table.

module "rank" {
  source            = "../function"
  key_arn           = local.key_arn
  release           = local.release
  traced            = var.traced
  role_suffix       = local.suffix
  name              = "RankTrends"
  stage             = var.stage
  description       = "Ranks films by how far their likes stand above their own past."
  handler           = "transform.handlers.rank.handler"
  package           = var.package
  layers            = local.layers.rank
  environment       = { TRENDS_TABLE = local.trends, LAKE_BUCKET = local.bucket }
  policy            = data.aws_iam_policy_document.rank.json
  memory_mb         = 1769 # a whole CPU
  timeout_seconds   = 300
  event_age_seconds = 60 # the next minute's call does what this one did not
  alarm_topic       = local.alarm_topic
}

data "aws_iam_policy_document" "rank" {
  statement {
    sid       = "ReadSumsKeepLeaderboards"
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]
    resources = [local.trends_arn]
  }

  statement {
    sid       = "KeepRollups"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${local.bucket_arn}/rollups/*"]
  }

  statement {
    sid       = "ReadTotals"
    actions   = ["s3:GetObject"]
    resources = ["${local.bucket_arn}/totals/*", "${local.bucket_arn}/repeats/*"]
  }

  # Without it, S3 would also refuse to say that a rollup is not there yet.
  statement {
    sid       = "FindRollupsTotalsAndTrends"
    actions   = ["s3:ListBucket"]
    resources = [local.bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["rollups/*", "totals/*", "repeats/*", "trends/*"]
    }
  }

  # It deletes what an earlier version wrote, an object an hour.
  statement {
    sid       = "WriteTrends"
    actions   = ["s3:PutObject", "s3:DeleteObject"]
    resources = ["${local.bucket_arn}/trends/*"]
  }
}

module "rank_schedule" {
  source            = "../schedule"
  role_suffix       = local.suffix
  name              = module.rank.name
  description       = "Ranks films each minute."
  expression        = "rate(1 minute)"
  event_age_seconds = 60
  function          = { arn = module.rank.arn, dead_letters_arn = module.rank.dead_letters_arn }
  silent_runs       = 5
  silence           = "Leaderboards stand still, and catch up once it runs."
  alarm_topic       = local.alarm_topic
}

# Every alarm of the stage goes to one topic. It has no key of its own: with the account's key for SNS, CloudWatch could
# not send.

locals {
  alarm_topic = one(aws_sns_topic.alarms)
}

resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26:CloudWatch cannot send with the account's key for SNS, and an alarm's text is no secret.
  count = var.alarms ? 1 : 0
  name  = "${local.service}-alarms"
}

resource "aws_sns_topic_subscription" "alarms" {
  count     = var.alarms && var.alarm_email != null ? 1 : 0
  topic_arn = local.alarm_topic.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

data "aws_iam_policy_document" "alarms" {
  count = var.alarms ? 1 : 0

  statement {
    sid       = "SendAlarms"
    actions   = ["sns:Publish"]
    resources = [local.alarm_topic.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_sns_topic_policy" "alarms" {
  count  = var.alarms ? 1 : 0
  arn    = local.alarm_topic.arn
  policy = data.aws_iam_policy_document.alarms[0].json
}

# What the modules of the steps cannot know of.
module "alarms" {
  source   = "../alarms"
  for_each = local.alarms
  name     = each.key
  topic    = local.alarm_topic
  alarms   = each.value
}

locals {
  alarms = {
    (local.service) = { throttled = {
      description = "The API answers 429: more requests come than the stage takes, and senders are told to try again. Those that do not lose their likes."
      namespace   = "MovieLikes"
      metric      = "RequestsThrottled"
      dimensions  = { stage = var.stage }
      periods     = 5
      datapoints  = 3
    } }
    (module.rank.name) = { sums-missing = {
      description = "Sums of batches expired before they were ranked: trends lack their likes. Counts and lake have them."
      namespace   = "MovieLikes"
      metric      = "TrendSumsMissing"
      dimensions  = { service = "RankTrends", stage = var.stage }
      seconds     = 300
    } }
    (module.count.name) = { behind = merge(local.behind, {
      description = "Counts are 5 minutes behind: UpdateCount fails or cannot keep up. Nothing is lost before the stream's retention."
      dimensions  = { FunctionName = module.count.name }
    }) }
    (module.track.name) = { behind = merge(local.behind, {
      description = "Trends are 5 minutes behind: TrackTrends fails or cannot keep up. Nothing is lost before the stream's retention."
      dimensions  = { FunctionName = module.track.name }
    }) }
    (module.archive.name) = { failed-records = {
      description = "Rows of some records are larger than Firehose takes: they lie below errors/ as they came, and not in the lake."
      namespace   = "MovieLikes"
      metric      = "RecordsFailed"
      dimensions  = { service = "ArchiveLikes", stage = var.stage }
      seconds     = 300
    } }
    (module.audit.name) = { differences = {
      description = "Numbers differ: counts, trends, archive and lake do not agree, or something lies in errors/. The table audit tells what, `lake reconcile` which films, hours and step."
      namespace   = "MovieLikes"
      metric      = "Differences"
      dimensions  = { service = "Audit", stage = var.stage }
      seconds     = 3600
    } }
    (module.compact.name) = { failed-objects = {
      description = "Raw files could not be merged: their likes are missing from the likes table, and lost when the files expire. state/compaction.json names them, and why."
      namespace   = "MovieLikes"
      metric      = "RawObjectsFailed"
      dimensions  = { service = "CompactLake", stage = var.stage }
      seconds     = 300
    } }
  }
  behind = {
    namespace = "AWS/Lambda", metric = "IteratorAge", statistic = "Maximum"
    above     = 5 * 60 * 1000, periods = 5, datapoints = 3
  }
}

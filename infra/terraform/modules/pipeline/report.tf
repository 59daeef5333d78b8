# TrendReport: each morning, writes how the day before went, each Monday how the week did, and tells whom it concerns.

module "report" {
  source      = "../function"
  key_arn     = local.key_arn
  release     = local.release
  traced      = var.traced
  role_suffix = local.suffix
  name        = "TrendReport"
  stage       = var.stage
  description = "Writes, restates and announces the trend reports of days and weeks."
  handler     = "transform.handlers.report.handler"
  package     = var.package
  layers      = local.layers.report
  environment = {
    LAKE_BUCKET      = local.bucket
    GLUE_DATABASE    = module.lake.database
    ATHENA_WORKGROUP = module.lake.workgroup
    REPORTS_TOPIC    = aws_sns_topic.reports.arn
  }
  policy    = data.aws_iam_policy_document.report.json
  memory_mb = 1769 # a whole CPU

  # A scheduled run may find that a backfill changed a week of reports.
  timeout_seconds = 900
  alarm_topic     = local.alarm_topic
}

# Without a key: what is announced are three headlines, and no document says that a role may publish with the account's
# key for SNS without rights to that key of its own.
resource "aws_sns_topic" "reports" {
  #checkov:skip=CKV_AWS_26:Three headlines, no user; no document says that a role may publish with the account's key unasked.
  name = "${local.service}-reports"
}

resource "aws_sns_topic_subscription" "reports" {
  count     = var.report_email == null ? 0 : 1
  topic_arn = aws_sns_topic.reports.arn
  protocol  = "email"
  endpoint  = var.report_email
}

# Athena reads the lake and the catalog, and keeps its answers, with the rights of whoever asks.
# https://docs.aws.amazon.com/athena/latest/ug/example-policies-workgroup.html
data "aws_iam_policy_document" "report" {
  statement {
    sid       = "ReadTables"
    actions   = ["s3:GetObject"]
    resources = [for table in ["likes", "totals", "trends", "rejected", "movies", "audit"] : "${local.bucket_arn}/${table}/*"]
  }

  statement {
    sid       = "KeepReportsAndState"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${local.bucket_arn}/reports/*", "${local.bucket_arn}/state/reports/*"]
  }

  # Without it, S3 would also refuse to say that a report is not there yet.
  statement {
    sid       = "FindTablesReportsAndState"
    actions   = ["s3:ListBucket"]
    resources = [local.bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["likes/*", "totals/*", "trends/*", "rejected/*", "movies/*", "audit/*", "reports/*", "state/reports/*"]
    }
  }

  statement {
    sid       = "Ask"
    actions   = ["athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetWorkGroup", "athena:StartQueryExecution"]
    resources = ["arn:${local.partition}:athena:${local.regional}:workgroup/${module.lake.workgroup}"]
  }

  statement {
    sid     = "ReadCatalog"
    actions = ["glue:GetDatabase", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"]
    resources = [
      "arn:${local.partition}:glue:${local.regional}:catalog",
      "arn:${local.partition}:glue:${local.regional}:database/${module.lake.database}",
      "arn:${local.partition}:glue:${local.regional}:table/${module.lake.database}/*",
    ]
  }

  # Athena asks for it of whoever may not reach every database, though nothing of ours lies there.
  # https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html#full-access-to-default-db-per-region
  statement {
    sid     = "FindDefaultDatabase"
    actions = ["glue:CreateDatabase", "glue:GetDatabase", "glue:GetDatabases"]
    resources = [
      "arn:${local.partition}:glue:${local.regional}:catalog",
      "arn:${local.partition}:glue:${local.regional}:database/default",
    ]
  }

  statement {
    sid       = "KeepAnswers"
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
    resources = ["${local.results_bucket_arn}/results/*"]
  }

  statement {
    sid       = "FindAnswers"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
    resources = [local.results_bucket_arn]
  }

  statement {
    sid       = "FindLake"
    actions   = ["s3:GetBucketLocation"]
    resources = [local.bucket_arn]
  }

  statement {
    sid       = "Announce"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.reports.arn]
  }
}

# Scheduler puts the time for the name in <>, which jsonencode would write otherwise.
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
locals {
  report_input = { for kind in ["day", "week"] : kind => "{\"scheduled\": \"${kind}\", \"time\": \"<aws.scheduler.scheduled-time>\"}" }
  report       = { name = module.report.name, arn = module.report.arn, dead_letters_arn = module.report.dead_letters_arn }
}

module "report_daily" {
  source            = "../schedule"
  role_suffix       = local.suffix
  name              = "${module.report.name}-day"
  description       = "Reports the day before at 6:00 UTC, when few likes of it are still on their way."
  expression        = "cron(0 6 * * ? *)"
  input             = local.report_input["day"]
  event_age_seconds = 86400
  function          = local.report
  silent_runs       = 2
  silence           = "No reports are made, and they are made up for once it runs, for a week."
  alarm_topic       = local.alarm_topic
}

# The daily runs tell whether the function is well.
module "report_weekly" {
  source            = "../schedule"
  role_suffix       = local.suffix
  name              = "${module.report.name}-week"
  description       = "Reports the week before on Mondays at 6:15 UTC."
  expression        = "cron(15 6 ? * MON *)"
  input             = local.report_input["week"]
  event_age_seconds = 86400
  function          = local.report
  silent_runs       = 2
  silence           = "No weekly reports are made."
  alarm_topic       = null
}

mock_provider "aws" {
  alias = "us_east_1"

  mock_resource "aws_acm_certificate" {
    defaults = { arn = "arn:aws:acm:us-east-1:000000000000:certificate/mock", domain_validation_options = [{ domain_name = "a", resource_record_name = "_a", resource_record_type = "CNAME", resource_record_value = "_b" }] }
  }
  mock_resource "aws_acm_certificate_validation" {
    defaults = { certificate_arn = "arn:aws:acm:us-east-1:000000000000:certificate/mock" }
  }
  mock_resource "aws_wafv2_web_acl" {
    defaults = { arn = "arn:aws:wafv2:us-east-1:000000000000:global/webacl/mock/mock" }
  }
  mock_resource "aws_cloudwatch_log_delivery_destination" {
    defaults = { arn = "arn:aws:logs:us-east-1:000000000000:delivery-destination:mock" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:000000000000:log-group:aws-waf-logs-mock" }
  }
}

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "000000000000" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "us-east-1" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::000000000000:role/mock" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:us-east-1:000000000000:mock" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:us-east-1:000000000000:mock" }
  }
  mock_resource "aws_kinesis_stream" {
    defaults = { arn = "arn:aws:kinesis:us-east-1:000000000000:stream/MovieLikesStream-test" }
  }
  mock_resource "aws_kinesis_stream_consumer" {
    defaults = { arn = "arn:aws:kinesis:us-east-1:000000000000:stream/MovieLikesStream-test/consumer/trends:1" }
  }
  mock_resource "aws_lambda_function" {
    defaults = {
      arn        = "arn:aws:lambda:us-east-1:000000000000:function:mock"
      invoke_arn = "arn:aws:apigateway:us-east-1:lambda:path/mock/invocations"
    }
  }
  mock_resource "aws_lambda_alias" {
    defaults = {
      arn        = "arn:aws:lambda:us-east-1:000000000000:function:mock:live"
      invoke_arn = "arn:aws:apigateway:us-east-1:lambda:path/mock:live/invocations"
    }
  }
  mock_resource "aws_apigatewayv2_api" {
    defaults = { execution_arn = "arn:aws:execute-api:us-east-1:000000000000:mock" }
  }
  mock_resource "aws_lambda_layer_version" {
    defaults = { arn = "arn:aws:lambda:us-east-1:000000000000:layer:mock:1" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::mock" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:000000000000:log-group:mock" }
  }
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:us-east-1:000000000000:rule/mock/mock" }
  }
  mock_resource "aws_api_gateway_stage" {
    defaults = { arn = "arn:aws:apigateway:us-east-1::/restapis/mock/stages/test", invoke_url = "https://mock.execute-api.us-east-1.amazonaws.com/test" }
  }
  mock_resource "aws_cloudfront_distribution" {
    defaults = { arn = "arn:aws:cloudfront::000000000000:distribution/MOCK", domain_name = "mock.cloudfront.net" }
  }
  mock_resource "aws_api_gateway_rest_api" {
    defaults = { execution_arn = "arn:aws:execute-api:us-east-1:000000000000:mock" }
  }
}

variables {
  stage                  = "test"
  package                = "versions.tf" # any file: nothing is deployed
  layers                 = { duckdb = "versions.tf", pandas = "versions.tf", pyarrow = "versions.tf" }
  disposable             = true
  stream_retention_hours = 24
  delivery_seconds       = 60
  raw_expires_after_days = 7
  requests_per_second    = 100
  alarm_email            = "ops@example.org"
  report_email           = "editors@example.org"
}

run "a_stage_is_named_counts_exactly_and_allows_no_more_than_it_needs" {
  assert {
    condition = [
      output.stage.stream_name, output.stage.counts_table, output.stage.trends_table, output.stage.firehose_name, output.stage.event_bus,
      output.stage.bucket, output.stage.results_bucket, output.stage.glue_database, output.stage.athena_workgroup,
      ] == [
      "MovieLikesStream-test", "MovieLikesTable-test", "MovieTrendsTable-test", "MovieLikesArchive-test", "movie-likes-test",
      "raw-likes-bucket-test-000000000000-us-east-1", "athena-results-bucket-test-000000000000-us-east-1", "movie_likes_test", "movie-likes-test",
    ]
    error_message = "Everything is named after its stage."
  }
  assert {
    condition = output.stage.function_names == {
      ingest = "IngestLike-test", count = "UpdateCount-test", archive = "ArchiveLikes-test", read = "ReadLikes-test"
      track  = "TrackTrends-test", rank = "RankTrends-test", compact = "CompactLake-test", report = "TrendReport-test", audit = "Audit-test"
    }
    error_message = "A function a step."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.count.parallelization_factor == 1
    error_message = "One batch of a shard at a time: counts rest on it."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.count.maximum_retry_attempts == -1 && aws_lambda_event_source_mapping.count.maximum_record_age_in_seconds == -1
    error_message = "A batch comes again until it is counted."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.count.starting_position == "TRIM_HORIZON"
    error_message = "Likes that were on the stream before the mapping are counted too."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.count.event_source_arn == local.stream_arn
    error_message = "The ARN that roles are given is that of the stream."
  }
  assert {
    condition = [
      for m in aws_lambda_event_source_mapping.track :
      [m.parallelization_factor, m.maximum_retry_attempts, m.maximum_record_age_in_seconds, m.starting_position]
    ] == [[1, -1, -1, "TRIM_HORIZON"]]
    error_message = "Every batch of a shard is summed up, one at a time, until it is kept."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.track[0].event_source_arn == output.stage.consumer_arn && startswith(output.stage.consumer_arn, "${local.stream_arn}/consumer/${local.consumer}:")
    error_message = "Trends come from the stream's consumer, and the ARN that the role is given is that of the consumer."
  }

  assert {
    condition     = [for s in data.aws_iam_policy_document.ingest.statement : [s.actions, s.resources]] == [[toset(["kinesis:PutRecord"]), toset([local.stream_arn])]]
    error_message = "IngestLike puts records on the stream and does nothing else."
  }
  assert {
    condition     = [for s in data.aws_iam_policy_document.archive.statement : [s.actions, s.resources]] == [[toset(["s3:PutObject"]), toset(["${local.bucket_arn}/rejected/*"])]]
    error_message = "ArchiveLikes writes rejects and does nothing else."
  }
  assert {
    condition = [for s in data.aws_iam_policy_document.read.statement : [s.actions, s.resources]] == [
      [toset(["dynamodb:BatchGetItem"]), toset([local.counts_arn])],
      [toset(["dynamodb:GetItem"]), toset([local.trends_arn])],
    ]
    error_message = "ReadLikes reads counts and leaderboards and does nothing else."
  }
  assert {
    condition     = [for s in data.aws_iam_policy_document.count.statement : s.actions if s.resources == toset([local.counts_arn])] == [toset(["dynamodb:UpdateItem"])]
    error_message = "UpdateCount updates items of its table and does nothing else to it."
  }
  assert {
    condition     = alltrue([for s in data.aws_iam_policy_document.count.statement : s.resources == toset([local.stream_arn]) || s.resources == toset([local.counts_arn])])
    error_message = "UpdateCount reaches the stream and the table, nothing else."
  }
  assert {
    condition = [for s in data.aws_iam_policy_document.track.statement : [s.actions, s.resources]] == [
      [toset(["dynamodb:PutItem"]), toset([local.trends_arn])],
      [toset(local.read_stream), toset([local.stream_arn])],
      [toset(["kinesis:SubscribeToShard"]), toset(["${local.stream_arn}/consumer/trends:*"])],
    ]
    error_message = "TrackTrends writes sums and checkpoints, is read to from the stream, and does nothing else."
  }
  assert {
    condition = [for s in data.aws_iam_policy_document.rank.statement : [s.actions, s.resources]] == [
      [toset(["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]), toset([local.trends_arn])],
      [toset(["s3:GetObject", "s3:PutObject"]), toset(["${local.bucket_arn}/rollups/*"])],
      [toset(["s3:GetObject"]), toset(["${local.bucket_arn}/totals/*", "${local.bucket_arn}/repeats/*"])],
      [toset(["s3:ListBucket"]), toset([local.bucket_arn])],
      [toset(["s3:DeleteObject", "s3:PutObject"]), toset(["${local.bucket_arn}/trends/*"])],
    ]
    error_message = "RankTrends reaches its table, its rollups, the totals and the trends table, nothing else."
  }
  assert {
    condition     = [for s in data.aws_iam_policy_document.rank.statement : [for c in s.condition : c.values] if contains(s.actions, "s3:ListBucket")] == [[tolist(["rollups/*", "totals/*", "repeats/*", "trends/*"])]]
    error_message = "RankTrends lists its rollups, the totals and what it wrote, and nothing else of the bucket."
  }
  assert {
    condition = [for s in data.aws_iam_policy_document.compact.statement : [s.actions, s.resources]] == [
      [toset(["s3:GetObject"]), toset([for key in ["raw/*", "likes/*", "totals/*", "ids/*", "repeats/*", "adjusted/*", "state/compaction.json", "state/adjusting.json", "state/backfills/*"] : "${local.bucket_arn}/${key}"])],
      [toset(["s3:PutObject"]), toset([for key in ["likes/*", "totals/*", "ids/*", "repeats/*", "adjusted/*", "state/compaction.json", "state/adjusting.json"] : "${local.bucket_arn}/${key}"])],
      [toset(["dynamodb:BatchGetItem", "dynamodb:UpdateItem"]), toset([module.counts.arn])],
      [toset(["s3:DeleteObject"]), toset(["${local.bucket_arn}/likes/*", "${local.bucket_arn}/totals/*"])],
      [toset(["s3:GetObject"]), toset(["${local.bucket_arn}/forgotten/tombstones.json", "${local.bucket_arn}/keys/forget"])],
      [toset(["s3:ListBucket"]), toset([local.bucket_arn])],
    ]
    error_message = "CompactLake reads raw files, keeps likes, totals, event ids, repeats and its state, adjusts counts, knows who is forgotten, and does nothing else."
  }
  assert {
    condition     = [for s in data.aws_iam_policy_document.compact.statement : [for c in s.condition : [c.test, c.variable, c.values]] if contains(s.actions, "s3:ListBucket")] == [[["StringLike", "s3:prefix", tolist(["raw/*", "likes/*", "totals/*", "ids/*", "repeats/*", "adjusted/*", "state/*", "forgotten/*", "keys/*"])]]]
    error_message = "CompactLake lists what it reads, and nothing else of the bucket."
  }
  assert {
    condition     = [for s in data.aws_iam_policy_document.audit.statement : s.resources if contains(s.actions, "s3:PutObject")] == [toset(["${local.bucket_arn}/audit/*"])] && toset(flatten([for s in data.aws_iam_policy_document.audit.statement : s.actions])) == toset(["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:ListBucket", "s3:ListBucketVersions", "dynamodb:Scan", "kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords", "lambda:InvokeFunction"])
    error_message = "Audit reads, calls CompactLake, and writes nothing but its own rows."
  }
  assert {
    condition     = startswith("rejected/", module.lake.rejected_prefix) && startswith("trends/", module.lake.trends_prefix)
    error_message = "ArchiveLikes may write where the rejected table lies, RankTrends where the trends table does."
  }
  assert {
    condition     = module.lake.raw_prefix == "raw/" && module.lake.likes_prefix == "likes/"
    error_message = "CompactLake may read where Firehose delivers, and write where the likes table lies."
  }
  assert {
    condition     = module.rank_schedule.name == "RankTrends-test" && { for step, layers in local.layers : step => length(layers) } == { audit = 2, compact = 2, rank = 2, report = 2 }
    error_message = "RankTrends is called, and functions that need layers have ours."
  }
  assert {
    condition     = module.rank_schedule.silent_seconds == 300 && module.compact_schedule.silent_seconds == 1800
    error_message = "Somebody hears of five minutes without a ranking, and of half an hour without compaction."
  }
  assert {
    condition     = module.compact_schedule.name == "CompactLake-test"
    error_message = "CompactLake is called."
  }
  assert {
    condition     = [for l in aws_lambda_layer_version.this : [l.layer_name, l.compatible_runtimes, l.compatible_architectures]] == [for name in ["duckdb", "pandas", "pyarrow"] : ["movie-likes-test-${name}", toset(["python3.13"]), toset(["arm64"])]]
    error_message = "DuckDB, pandas and pyarrow are there for what functions run on."
  }
  assert {
    condition = { for name, m in module.alarms : name => { for end, a in m.alarms : end => [a.namespace, a.metric_name, a.threshold, a.alarm_actions] } } == {
      movie-likes-test  = { throttled = ["MovieLikes", "RequestsThrottled", 0, toset([local.alarm_topic.arn])] }
      RankTrends-test   = { sums-missing = ["MovieLikes", "TrendSumsMissing", 0, toset([local.alarm_topic.arn])] }
      ArchiveLikes-test = { failed-records = ["MovieLikes", "RecordsFailed", 0, toset([local.alarm_topic.arn])] }
      Audit-test        = { differences = ["MovieLikes", "Differences", 0, toset([local.alarm_topic.arn])] }
      CompactLake-test  = { failed-objects = ["MovieLikes", "RawObjectsFailed", 0, toset([local.alarm_topic.arn])] }
      TrackTrends-test  = { behind = ["AWS/Lambda", "IteratorAge", 300000, toset([local.alarm_topic.arn])] }
      UpdateCount-test  = { behind = ["AWS/Lambda", "IteratorAge", 300000, toset([local.alarm_topic.arn])] }
    }
    error_message = "Somebody hears that a raw file could not be merged, that counts or trends are behind or lack likes, and that requests are turned away."
  }
  assert {
    condition     = { for f in aws_cloudwatch_log_metric_filter.throttled : f.log_group_name => [f.pattern, f.metric_transformation[0].name, f.metric_transformation[0].dimensions.stage] } == { "/aws/apigateway/movie-likes-test" = ["{ $.status = \"429\" }", "RequestsThrottled", "$.stage"] }
    error_message = "What is throttled is counted from the API's log, by stage: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html"
  }
  assert {
    condition     = aws_sns_topic_subscription.alarms[0].endpoint == "ops@example.org"
    error_message = "Somebody hears the alarms."
  }

  assert {
    condition = [for s in data.aws_iam_policy_document.report.statement : [s.actions, s.resources]] == [
      [toset(["s3:GetObject"]), toset([for table in ["likes", "totals", "trends", "rejected", "movies", "audit"] : "${local.bucket_arn}/${table}/*"])],
      [toset(["s3:GetObject", "s3:PutObject"]), toset(["${local.bucket_arn}/reports/*", "${local.bucket_arn}/state/reports/*"])],
      [toset(["s3:ListBucket"]), toset([local.bucket_arn])],
      [toset(["athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetWorkGroup", "athena:StartQueryExecution"]), toset(["arn:aws:athena:us-east-1:000000000000:workgroup/movie-likes-test"])],
      [toset(["glue:GetDatabase", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"]), toset([for name in ["catalog", "database/movie_likes_test", "table/movie_likes_test/*"] : "arn:aws:glue:us-east-1:000000000000:${name}"])],
      [toset(["glue:CreateDatabase", "glue:GetDatabase", "glue:GetDatabases"]), toset([for name in ["catalog", "database/default"] : "arn:aws:glue:us-east-1:000000000000:${name}"])],
      [toset(["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]), toset(["${local.results_bucket_arn}/results/*"])],
      [toset(["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]), toset([local.results_bucket_arn])],
      [toset(["s3:GetBucketLocation"]), toset([local.bucket_arn])],
      [toset(["sns:Publish"]), toset([aws_sns_topic.reports.arn])],
    ]
    error_message = "TrendReport reads six tables, keeps reports, asks Athena, for which it also needs the database default, announces, and does nothing else: https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html#full-access-to-default-db-per-region"
  }
  assert {
    condition     = [for s in data.aws_iam_policy_document.report.statement : [for c in s.condition : [c.test, c.variable, c.values]] if s.actions == toset(["s3:ListBucket"])] == [[["StringLike", "s3:prefix", tolist(["likes/*", "totals/*", "trends/*", "rejected/*", "movies/*", "audit/*", "reports/*", "state/reports/*"])]]]
    error_message = "TrendReport lists what it reads and keeps, and nothing else of the bucket."
  }
  assert {
    condition     = [module.report_daily.name, module.report_weekly.name] == ["TrendReport-test-day", "TrendReport-test-week"] && module.report_daily.silent_seconds == 172800 && module.report_weekly.silent_seconds == null
    error_message = "TrendReport is called for days and for weeks, and somebody hears of two mornings without a report."
  }
  assert {
    condition     = local.report_input == { for kind in ["day", "week"] : kind => "{\"scheduled\": \"${kind}\", \"time\": \"<aws.scheduler.scheduled-time>\"}" }
    error_message = "A call says what is due, and when it was: in signs that Scheduler knows."
  }
  assert {
    condition     = aws_sns_topic.reports.name == "movie-likes-test-reports" && aws_sns_topic_subscription.reports[0].endpoint == "editors@example.org"
    error_message = "Somebody hears of reports, on a topic of their own."
  }
  assert {
    condition     = [output.stage.site_bucket, output.stage.site_url] == ["movie-likes-site-test-000000000000-us-east-1", "https://mock.cloudfront.net"] && output.stage.api_url == "https://mock.execute-api.us-east-1.amazonaws.com/test"
    error_message = "The page is there, and the API that it talks to."
  }
}

run "what_is_asked_for_beside_is_made_protected_encrypted_and_watched" {
  command = plan

  variables {
    disposable           = false
    requests_per_address = 1000
    domain               = { name = "likes.example.org", zone_id = "Z1" }
    budget_usd           = 100
    customer_key         = true
    trail                = true
    people               = { analyst = ["arn:aws:iam::000000000000:role/data"], mender = ["arn:aws:iam::000000000000:role/on-call"], producer = ["arn:aws:iam::000000000000:role/shop"] }
  }
  assert {
    condition     = length(module.api_firewall) == 1 && length(module.site_firewall) == 1 && output.stage.api_url == "https://api.likes.example.org" && output.stage.site_url == "https://likes.example.org"
    error_message = "API and page have names of ours, and a web ACL each."
  }
  assert {
    condition     = length(terraform_data.protected) == 1
    error_message = "A plan that would remove or replace what holds data is refused: https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle"
  }
  assert {
    condition     = alltrue([for name in [local.bucket, local.results_bucket, local.site_bucket, local.global] : endswith(name, "-us-east-1")]) && length("athena-results-bucket-${join("", [for n in range(13) : "s"])}-000000000000-ap-southeast-1") <= 63
    error_message = "Bucket names are the world's, at most 63 characters long: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"
  }
  assert {
    condition     = [for w in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : substr(w.properties.markdown, 3, 4) if w.type == "text"] == ["Heal", "Late", "Corr"]
    error_message = "From top to bottom: healthy, late, correct: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html"
  }
  assert {
    condition     = [for n in aws_budgets_budget.this[0].notification : n.threshold if n.notification_type == "FORECASTED"] == [80] && one(aws_budgets_budget.this[0].cost_filter).values == tolist(["user:Stage$test"])
    error_message = "Of this stage alone: https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-create-filters.html"
  }
  assert {
    condition     = [for k in aws_kms_key.likes : k.enable_key_rotation] == [true] && length(aws_kms_alias.likes) == 1
    error_message = "The key is renewed each year: https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html"
  }
  assert {
    condition     = [for s in data.aws_iam_policy_document.key.statement : toset([for c in s.condition : c.variable]) if s.sid == "UseItByTheServicesThatHoldLikes"] == [toset(["kms:CallerAccount", "kms:ViaService"])]
    error_message = "Nobody uses it but by S3, Kinesis and DynamoDB, of this account: https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html"
  }
  assert {
    condition     = [for s in data.aws_iam_policy_document.key.statement : [for c in s.condition : [c.variable, c.values]] if s.sid == "KeepLogs"] == [[["kms:EncryptionContext:aws:logs:arn", tolist(["arn:aws:logs:us-east-1:000000000000:log-group:*"])]]]
    error_message = "Of this account's groups: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html"
  }
  assert {
    condition     = [for t in aws_cloudtrail.lake : [t.name, t.enable_log_file_validation, t.is_multi_region_trail]] == [["movie-likes-test", true, false]] && toset([for f in flatten([for t in aws_cloudtrail.lake : [for s in t.advanced_event_selector : [for f in s.field_selector : f]]]) : join(" ", concat([f.field], coalesce(f.equals, []), coalesce(f.starts_with, [])))]) == toset(["eventCategory Data", "resources.type AWS::S3::Object", "resources.ARN ${local.bucket_arn}/"])
    error_message = "Objects of the lake alone, for each event is paid: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html"
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.trail[0].rule[0].expiration[0].days == 90
    error_message = "Who read what is known for a quarter of a year: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html"
  }
  assert {
    condition     = { for name, role in aws_iam_role.people : name => role.name } == { analyst = "movie-likes-test-analyst-us-east-1", mender = "movie-likes-test-mender-us-east-1", producer = "movie-likes-test-producer-us-east-1" }
    error_message = "A role that nobody may take is not made."
  }
  assert {
    condition     = toset(flatten(data.aws_iam_policy_document.producer.statement[*].actions)) == toset(["events:PutEvents", "execute-api:Invoke"])
    error_message = "A producer sends and reads nothing."
  }
  assert {
    condition = alltrue(flatten([
      for document in [data.aws_iam_policy_document.analyst, data.aws_iam_policy_document.operator] : [
        for s in document.statement : [for a in s.actions : !can(regex("dynamodb:(Get|Query|Scan|Put|Update|Delete)|kinesis:Get|s3:Delete|:[*]", a))]
      ]
    ]))
    error_message = "Analysts and operators write no like and read none but by Athena's tables."
  }
  assert {
    condition     = [for s in data.aws_iam_policy_document.operator.statement : s.resources if contains(s.actions, "s3:GetObject")] == [toset([for key in ["state/compaction.json", "state/backfills/*", "audit/*", "reports/latest.json"] : "${local.bucket_arn}/${key}"])]
    error_message = "An operator sees names, the state and what audits found, but no like."
  }
  assert {
    condition = { for s in data.aws_iam_policy_document.mender.statement : s.sid => toset([for a in s.actions : a if !can(regex(":(Get|List|Describe|BatchGet|Query|Scan)", a))]) if anytrue([for a in s.actions : !can(regex(":(Get|List|Describe|BatchGet|Query|Scan)", a))]) } == {
      Rewrite           = toset(["s3:DeleteObject", "s3:PutObject"])
      ForgetForGood     = toset(["s3:DeleteObject", "s3:DeleteObjectVersion"])
      MendCounts        = toset(["dynamodb:UpdateItem"])
      StateTrendsAgain  = toset(["lambda:InvokeFunction"])
      GoBackToVersions  = toset(["lambda:UpdateAlias"])
      SearchDeadLetters = toset(["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage", "sqs:SendMessage"])
    }
    error_message = "A mender changes objects, counts, dead letters and aliases, and has trends stated again; it deploys no code, sends no like and changes no table: https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege"
  }
  assert {
    condition     = [for s in data.aws_iam_policy_document.mender.statement : [s.sid, s.actions] if contains(s.resources, "*")] == [["WhatTakesNoResource", toset(["sqs:ListQueues"])]]
    error_message = "Of this stage alone, but for what takes no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html"
  }
  assert {
    condition     = toset(flatten([for s in data.aws_iam_policy_document.analyst.statement : s.resources if s.sid == "ReadTables"])) == toset([for table in ["likes", "repeats", "totals", "trends", "movies", "audit", "reports"] : "${local.bucket_arn}/${table}/*"])
    error_message = "An analyst reads tables, neither raw files nor rejected lines: https://docs.aws.amazon.com/athena/latest/ug/example-policies-workgroup.html"
  }
}

run "a_stage_that_needs_an_address_is_refused_without_one" {
  command = plan

  variables {
    alarm_email     = null
    alarms_required = true
  }

  expect_failures = [var.alarms_required]
}

run "an_emulator_has_its_own_address_no_mapping_on_a_consumer_and_no_layers" {
  variables {
    api_address     = "http://127.0.0.1:4566/restapis/%s/local"
    reports_for     = "everybody"
    fan_out_mapping = false
    layers          = {}
  }
  assert {
    condition     = startswith(output.stage.api_url, "http://127.0.0.1:4566/restapis/") && !strcontains(output.stage.api_url, "%s")
    error_message = "The API is where the emulator has it."
  }
  assert {
    condition     = length(aws_lambda_layer_version.this) == 0 && alltrue([for layers in values(local.layers) : length(layers) == 0])
    error_message = "Functions find DuckDB and pyarrow in the Python they run in."
  }
  assert {
    condition     = length(aws_lambda_event_source_mapping.track) == 0 && endswith(output.stage.consumer_arn, "/consumer/trends:1")
    error_message = "The consumer is there for somebody else to read from."
  }
}

run "what_is_bought_by_the_hour_is_passed_on_and_an_http_api_and_no_fan_out_may_do" {
  command = plan

  variables {
    capacity             = { shards = 1, writes = 10 }
    fan_out              = false
    batch_seconds        = 5
    http_api             = true
    requests_per_address = 1000
    writers              = { mode = "jwt", issuer = "https://login.example.org/", audience = ["page"] }
  }
  assert {
    condition     = output.stage.consumer_arn == "" && !contains(flatten(data.aws_iam_policy_document.track.statement[*].actions), "kinesis:SubscribeToShard")
    error_message = "Without fan-out TrackTrends subscribes to nothing."
  }
  assert {
    condition     = [aws_lambda_event_source_mapping.count.maximum_batching_window_in_seconds, aws_lambda_event_source_mapping.track[0].maximum_batching_window_in_seconds] == [5, 5]
    error_message = "Likes are gathered as long as is said: https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html"
  }
  assert {
    condition     = length(module.api) == 0 && length(module.http_api) == 1
    error_message = "There is one API: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-vs-rest.html"
  }
  assert {
    condition     = [for f in aws_cloudwatch_log_metric_filter.throttled : f.log_group_name] == ["/aws/apigateway/movie-likes-test-http"]
    error_message = "Its log, too, tells what is throttled."
  }
  assert {
    condition     = length(module.api_firewall) == 0 && length(module.site_firewall) == 1
    error_message = "WAF guards no HTTP API, and the page still: https://docs.aws.amazon.com/waf/latest/developerguide/how-aws-waf-works-resources.html"
  }
}

run "a_stage_with_a_hyphen_and_an_address_that_is_none_are_refused" {
  command = plan

  variables {
    stage        = "my-test"
    alarm_email  = "nobody"
    report_email = "no one"
    people       = { analyst = ["*"] }
    domain       = { name = "https://likes.example.org/", zone_id = "Z1" }
  }

  expect_failures = [var.stage, var.alarm_email, var.report_email, var.people, var.domain]
}

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
  mock_resource "aws_lambda_function" {
    defaults = {
      arn        = "arn:aws:lambda:us-east-1:000000000000:function:mock"
      invoke_arn = "arn:aws:apigateway:us-east-1:lambda:path/mock/invocations"
    }
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
  mock_resource "aws_api_gateway_rest_api" {
    defaults = { execution_arn = "arn:aws:execute-api:us-east-1:000000000000:mock" }
  }
}

variables {
  stage                  = "test"
  package                = "versions.tf" # any file: nothing is deployed
  disposable             = true
  stream_retention_hours = 24
  delivery_seconds       = 60
  raw_expires_after_days = 7
  requests_per_second    = 100
  alarm_email            = "ops@example.org"
}

run "a_stage_is_named_counts_exactly_and_allows_no_more_than_it_needs" {
  assert {
    condition = [
      output.stream_name, output.counts_table, output.firehose_name, output.event_bus,
      output.bucket, output.results_bucket, output.glue_database, output.athena_workgroup,
      ] == [
      "MovieLikesStream-test", "MovieLikesTable-test", "MovieLikesArchive-test", "movie-likes-test",
      "raw-likes-bucket-test-000000000000", "athena-results-bucket-test-000000000000", "movie_likes_test", "movie-likes-test",
    ]
    error_message = "Everything is named after its stage."
  }
  assert {
    condition     = output.function_names == { ingest = "IngestLike-test", count = "UpdateCount-test", archive = "ArchiveLikes-test", read = "ReadLikes-test" }
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
    condition     = [for s in data.aws_iam_policy_document.ingest.statement : [s.actions, s.resources]] == [[toset(["kinesis:PutRecord"]), toset([local.stream_arn])]]
    error_message = "IngestLike puts records on the stream and does nothing else."
  }
  assert {
    condition     = [for s in data.aws_iam_policy_document.archive.statement : [s.actions, s.resources]] == [[toset(["s3:PutObject"]), toset(["${local.bucket_arn}/rejected/*"])]]
    error_message = "ArchiveLikes writes rejects and does nothing else."
  }
  assert {
    condition     = [for s in data.aws_iam_policy_document.read.statement : [s.actions, s.resources]] == [[toset(["dynamodb:BatchGetItem"]), toset([local.counts_arn])]]
    error_message = "ReadLikes reads counts and does nothing else."
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
    condition     = startswith("rejected/", module.lake.rejected_prefix)
    error_message = "ArchiveLikes may write where the rejected table lies."
  }
  assert {
    condition     = aws_sns_topic_subscription.alarms[0].endpoint == "ops@example.org"
    error_message = "Somebody hears the alarms."
  }
}

run "a_stage_with_a_hyphen_and_an_address_that_is_none_are_refused" {
  command = plan

  variables {
    stage       = "my-test"
    alarm_email = "nobody"
  }

  expect_failures = [var.stage, var.alarm_email]
}

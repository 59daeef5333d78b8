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
    defaults = { arn = "arn:aws:iam::000000000000:role/MovieLikesArchive-test" }
  }
}

variables {
  name           = "MovieLikesArchive-test"
  stream_arn     = "arn:aws:kinesis:us-east-1:000000000000:stream/MovieLikesStream-test"
  function_arn   = "arn:aws:lambda:us-east-1:000000000000:function:ArchiveLikes-test:live"
  bucket_arn     = "arn:aws:s3:::raw-likes-bucket-test-000000000000"
  prefix         = "raw/"
  database       = "movie_likes_test"
  table          = "likes_raw"
  buffer_seconds = 60
  alarm_topic    = { arn = "arn:aws:sns:us-east-1:000000000000:alarms" }
}

run "rows_become_parquet_by_arrival_hour" {
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].prefix == "raw/arrival_day=!{timestamp:yyyy-MM-dd}/arrival_hour=!{timestamp:HH}/"
    error_message = "Files lie where the raw table looks for them."
  }
  assert {
    condition     = startswith(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].error_output_prefix, "errors/!{firehose:error-output-type}/")
    error_message = "What could not be delivered lies below errors/, by what went wrong."
  }
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].buffering_size >= 64
    error_message = "Conversion to Parquet needs a buffer of 64 MB."
  }
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].data_format_conversion_configuration[0].schema_configuration[0].table_name == "likes_raw"
    error_message = "Columns are those of the raw table."
  }

  assert {
    condition = {
      for p in one(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].processing_configuration[0].processors).parameters : p.parameter_name => p.parameter_value
      } == {
      LambdaArn       = "arn:aws:lambda:us-east-1:000000000000:function:ArchiveLikes-test:live"
      BufferSizeInMBs = "0.2", BufferIntervalInSeconds = "90", NumberOfRetries = "10"
    }
    error_message = "A call gets 0.2 MB (0.2 to 3) or 90 s (0 to 900), a failed one comes again more often than 3 times, and nothing is set to its default, which would show as a change in every plan: https://docs.aws.amazon.com/firehose/latest/APIReference/API_ProcessorParameter.html, https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html"
  }

  assert {
    condition     = [for s in data.aws_iam_policy_document.assume.statement : [s.actions, one(s.principals).identifiers, length(coalesce(s.condition, []))]] == [[toset(["sts:AssumeRole"]), toset(["firehose.amazonaws.com"]), 0]]
    error_message = "The trust is the documented one: https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#firehose-assume-role"
  }
  assert {
    condition     = toset(keys(module.alarms.alarms)) == toset(["freshness", "failed-processing", "failed-conversion"])
    error_message = "Somebody hears of what Firehose gives up: https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html"
  }

  assert {
    condition     = !contains(flatten(data.aws_iam_policy_document.this.statement[*].resources), "*")
    error_message = "Every statement names its resources."
  }
  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.this.statement : s.resources if s.sid == "WriteFiles"])) == toset([
      "arn:aws:s3:::raw-likes-bucket-test-000000000000/errors/*",
      "arn:aws:s3:::raw-likes-bucket-test-000000000000/raw/*",
    ])
    error_message = "Firehose writes raw files and errors, and nowhere else in the bucket."
  }
}

run "a_buffer_that_firehose_has_not_and_a_prefix_without_its_slash_are_refused" {
  command = plan

  variables {
    buffer_seconds = 30
    prefix         = "raw"
  }

  expect_failures = [var.buffer_seconds, var.prefix]
}

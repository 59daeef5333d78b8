mock_provider "aws" {}

variables {
  name            = "MovieLikesStream-test"
  retention_hours = 24
  alarm_topic     = { arn = "arn:aws:sns:us-east-1:000000000000:alarms" }
}

run "the_stream_is_encrypted_and_grows_by_itself" {
  assert {
    condition     = aws_kinesis_stream.this.stream_mode_details[0].stream_mode == "ON_DEMAND"
    error_message = "The stream is on demand."
  }
  assert {
    condition     = aws_kinesis_stream.this.encryption_type == "KMS" && aws_kinesis_stream.this.kms_key_id == "alias/aws/kinesis"
    error_message = "The stream is encrypted with the account's key for Kinesis."
  }
  assert {
    condition     = module.alarms.alarms["read-age"].threshold == 6 * 60 * 60 * 1000
    error_message = "The alarm rings after a quarter of the retention, in milliseconds."
  }
}

run "shards_are_bought_by_the_hour_where_they_are_named" {
  command = plan
  variables { shards = 2 }
  assert {
    condition     = aws_kinesis_stream.this.stream_mode_details[0].stream_mode == "PROVISIONED" && aws_kinesis_stream.this.shard_count == 2
    error_message = "So many shards as were named: https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html"
  }
}

run "half_a_shard_is_refused" {
  command = plan
  variables { shards = 0.5 }
  expect_failures = [var.shards]
}

run "less_than_a_day_is_refused" {
  command = plan
  variables { retention_hours = 23 }
  expect_failures = [var.retention_hours]
}

run "more_than_a_week_is_refused" {
  command = plan
  variables { retention_hours = 169 }
  expect_failures = [var.retention_hours]
}

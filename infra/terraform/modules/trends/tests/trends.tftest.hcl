mock_provider "aws" {}

variables {
  name        = "MovieTrendsTable-test"
  consumer    = "trends"
  stream_arn  = "arn:aws:kinesis:us-east-1:000000000000:stream/MovieLikesStream-test"
  disposable  = false
  alarm_topic = { arn = "arn:aws:sns:us-east-1:000000000000:alarms" }
}

run "trends_expire_by_themselves_and_are_read_from_a_consumer_of_their_own" {
  assert {
    condition     = [aws_dynamodb_table.this.hash_key, aws_dynamodb_table.this.range_key, aws_dynamodb_table.this.billing_mode] == ["pk", "sk", "PAY_PER_REQUEST"]
    error_message = "The table is on demand, its key is pk and sk."
  }
  assert {
    condition     = { for a in aws_dynamodb_table.this.attribute : a.name => a.type } == { pk = "S", sk = "S" }
    error_message = "Both halves of the key are strings."
  }
  assert {
    condition     = aws_dynamodb_table.this.ttl[0].enabled && aws_dynamodb_table.this.ttl[0].attribute_name == "expires_at"
    error_message = "Items expire by expires_at."
  }
  assert {
    condition     = aws_dynamodb_table.this.server_side_encryption[0].enabled && aws_dynamodb_table.this.deletion_protection_enabled
    error_message = "The table is encrypted, and a stage that is not disposable keeps it."
  }
  assert {
    condition     = aws_kinesis_stream_consumer.this[0].name == "trends" && aws_kinesis_stream_consumer.this[0].stream_arn == var.stream_arn
    error_message = "The consumer is the stream's."
  }
  assert {
    condition     = module.alarms.alarms["write-throttles"].alarm_actions == toset([var.alarm_topic.arn])
    error_message = "Somebody hears of refused writes."
  }
}

run "without_fan_out_there_is_no_consumer" {
  command = plan
  variables { fan_out = false }
  assert {
    condition     = length(aws_kinesis_stream_consumer.this) == 0 && output.consumer_arn == null
    error_message = "Nobody pays for a consumer that nothing reads by: https://docs.aws.amazon.com/streams/latest/dev/enhanced-consumers.html"
  }
}

run "a_disposable_stage_can_be_destroyed" {
  variables { disposable = true }
  assert {
    condition     = !aws_dynamodb_table.this.deletion_protection_enabled
    error_message = "A disposable stage is destroyed in one go."
  }
}

run "neither_kept_nor_disposable_and_a_consumer_with_a_slash_are_refused" {
  command = plan

  variables {
    disposable = null
    consumer   = "a/b"
  }

  expect_failures = [var.disposable, var.consumer]
}

mock_provider "aws" {}

variables {
  name        = "MovieLikesTable-test"
  disposable  = false
  alarm_topic = { arn = "arn:aws:sns:us-east-1:000000000000:alarms" }
}

run "counts_are_kept_by_movie_and_can_be_brought_back" {
  assert {
    condition     = aws_dynamodb_table.this.hash_key == "movie_id" && aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST"
    error_message = "The table is on demand, its key is the movie."
  }
  assert {
    condition     = aws_dynamodb_table.this.point_in_time_recovery[0].enabled && aws_dynamodb_table.this.server_side_encryption[0].enabled
    error_message = "The table is backed up by the second and encrypted."
  }
  assert {
    condition     = aws_dynamodb_table.this.deletion_protection_enabled
    error_message = "A stage that is not disposable keeps its counts."
  }
}

run "a_disposable_stage_can_be_destroyed" {
  variables { disposable = true }
  assert {
    condition     = !aws_dynamodb_table.this.deletion_protection_enabled
    error_message = "A disposable stage is destroyed in one go."
  }
}

run "writes_are_bought_by_the_hour_where_they_are_named" {
  command = plan
  variables { capacity = { writes = 600, reads = 10 } }
  assert {
    condition     = [aws_dynamodb_table.this.billing_mode, aws_dynamodb_table.this.write_capacity, aws_dynamodb_table.this.read_capacity] == ["PROVISIONED", 600, 10]
    error_message = "As much as was named: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/provisioned-capacity-mode.html"
  }
}

run "no_writes_at_all_are_refused" {
  command = plan
  variables { capacity = { writes = 0, reads = 1 } }
  expect_failures = [var.capacity]
}

run "neither_kept_nor_disposable_is_refused" {
  command = plan
  variables { disposable = null }
  expect_failures = [var.disposable]
}

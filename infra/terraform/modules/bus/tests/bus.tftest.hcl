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
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:us-east-1:000000000000:movie-likes-test-dead-letters" }
  }
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:us-east-1:000000000000:rule/movie-likes-test/movie-likes-test-liked" }
  }
}

variables {
  name               = "movie-likes-test"
  function_qualifier = "live"
  function_name      = "IngestLike-test"
  function_arn       = "arn:aws:lambda:us-east-1:000000000000:function:IngestLike-test"
  opens_after        = "arn:aws:firehose:us-east-1:000000000000:deliverystream/MovieLikesArchive-test"
  alarm_topic        = { arn = "arn:aws:sns:us-east-1:000000000000:alarms" }
}

run "a_like_that_is_announced_reaches_the_function_or_the_queue" {
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.liked.event_pattern) == { "detail-type" = ["MovieLiked"] }
    error_message = "The rule takes likes and nothing else."
  }
  assert {
    condition     = aws_cloudwatch_event_target.ingest.arn == var.function_arn && aws_cloudwatch_event_target.ingest.dead_letter_config[0].arn == aws_sqs_queue.dead_letters.arn
    error_message = "An event goes to the function, and to the queue where that fails."
  }
  assert {
    condition     = data.aws_iam_policy_document.dead_letters.statement[0].resources == toset([aws_sqs_queue.dead_letters.arn])
    error_message = "The ARN worked out is that of the queue."
  }
  assert {
    condition     = aws_cloudwatch_event_target.ingest.retry_policy[0].maximum_retry_attempts == 185
    error_message = "EventBridge tries as often as it can."
  }
  assert {
    condition     = aws_lambda_permission.rule.source_arn == aws_cloudwatch_event_rule.liked.arn && aws_lambda_permission.rule.principal == "events.amazonaws.com"
    error_message = "Only this rule may call the function."
  }
}

run "the_default_bus_is_refused" {
  command = plan

  variables {
    name      = "default"
    producers = ["*"]
  }

  expect_failures = [var.name, var.producers]
}

run "who_is_named_may_announce_likes_and_nothing_else" {
  variables {
    producers = ["arn:aws:iam::111122223333:root"]
  }
  assert {
    condition     = [for s in data.aws_iam_policy_document.producers.statement : [s.actions, one(s.principals).identifiers, one(s.condition).variable, one(s.condition).values]] == [[toset(["events:PutEvents"]), toset(["arn:aws:iam::111122223333:root"]), "events:detail-type", tolist(["MovieLiked"])]]
    error_message = "Another account sends likes alone: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html"
  }
  assert {
    condition     = length(aws_cloudwatch_event_bus_policy.producers) == 1
    error_message = "The bus has the policy."
  }
}

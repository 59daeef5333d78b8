mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::000000000000:role/IngestLike-test" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:us-east-1:000000000000:IngestLike-test-dead-letters" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/IngestLike-test" }
  }
}

variables {
  name            = "IngestLike"
  stage           = "test"
  description     = "Puts likes on the stream."
  release         = "0123456789ab"
  handler         = "transform.handlers.ingest.handler"
  package         = "versions.tf"
  environment     = { STREAM_NAME = "MovieLikesStream-test" }
  policy          = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
  timeout_seconds = 20
  alarm_topic     = { arn = "arn:aws:sns:us-east-1:000000000000:alarms" }
}

run "a_function_has_its_role_log_alarms_and_dead_letters" {
  assert {
    condition     = aws_lambda_function.this.function_name == "IngestLike-test"
    error_message = "The function's name is its own and its stage's."
  }
  assert {
    condition     = aws_lambda_function.this.runtime == "python3.13" && aws_lambda_function.this.architectures[0] == "arm64"
    error_message = "Functions run Python 3.13 on arm64: the zip holds wheels for nothing else."
  }
  assert {
    condition = aws_lambda_function.this.environment[0].variables == tomap({
      STREAM_NAME                  = "MovieLikesStream-test"
      LAKE_RELEASE                 = "0123456789ab"
      POWERTOOLS_SERVICE_NAME      = "IngestLike"
      POWERTOOLS_METRICS_NAMESPACE = "MovieLikes"
      POWERTOOLS_LOG_LEVEL         = "INFO"
      LAKE_STAGE                   = "test"
    })
    error_message = "The caller's variables and those of logs and metrics, and no others."
  }
  assert {
    condition     = aws_lambda_function_event_invoke_config.this.maximum_event_age_in_seconds == 6 * 60 * 60 && length(coalesce(aws_lambda_function.this.layers, [])) == 0
    error_message = "Unless told otherwise, Lambda tries as long as it can, and the zip holds all there is."
  }
  assert {
    condition     = aws_lambda_function.this.ephemeral_storage[0].size == 512
    error_message = "Unless told otherwise, /tmp is what costs nothing."
  }
  assert {
    condition     = aws_lambda_function_event_invoke_config.this.destination_config[0].on_failure[0].destination == aws_sqs_queue.dead_letters.arn
    error_message = "What fails every retry goes to the function's own queue."
  }
  assert {
    condition     = aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "Logs are not kept for ever."
  }
  assert {
    condition     = aws_sqs_queue.dead_letters.sqs_managed_sse_enabled && aws_sqs_queue.dead_letters.message_retention_seconds == 1209600
    error_message = "Dead letters are encrypted and kept as long as SQS keeps anything: 14 days."
  }

  assert {
    condition     = data.aws_iam_policy_document.this.source_policy_documents == tolist([var.policy])
    error_message = "The caller's policy is in the role."
  }
  assert {
    condition = [for s in concat(data.aws_iam_policy_document.this.statement, data.aws_iam_policy_document.dead_letters.statement) : [s.actions, s.resources]] == [
      [toset(["logs:CreateLogStream", "logs:PutLogEvents"]), toset(["${aws_cloudwatch_log_group.this.arn}:*"])],
      [toset(["sqs:SendMessage"]), toset([aws_sqs_queue.dead_letters.arn])],
    ]
    error_message = "The module itself allows writing the function's own log and dead letters, nothing else."
  }
  assert {
    condition     = toset(keys(module.alarms.alarms)) == toset(["errors", "dead-letters", "throttles"])
    error_message = "Somebody hears of errors, of dead letters, and of an account that has no room for the function."
  }
}

run "a_retry_rings_no_alarm_and_nothing_is_reserved_unless_asked_for" {
  command = plan

  assert {
    condition     = [for end in ["errors", "throttles"] : [module.alarms.alarms[end].evaluation_periods, module.alarms.alarms[end].datapoints_to_alarm]] == [[5, 3], [5, 3]]
    error_message = "What is tried again and succeeds wakes nobody."
  }
  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == -1
    error_message = "100 executions must stay unreserved, which a new account has not: https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html"
  }
}

run "of_what_is_called_at_each_request_errors_are_logged_and_a_share_of_the_rest" {
  command = plan

  variables {
    log_share = 0.01
  }
  assert {
    condition     = [for name in ["POWERTOOLS_LOG_LEVEL", "POWERTOOLS_LOGGER_SAMPLE_RATE"] : aws_lambda_function.this.environment[0].variables[name]] == ["WARNING", "0.01"]
    error_message = "https://docs.aws.amazon.com/powertools/python/latest/core/logger/#sampling-debug-logs"
  }
}

run "calls_are_traced_where_somebody_asks" {
  command = plan

  variables {
    traced = true
  }
  assert {
    condition     = aws_lambda_function.this.tracing_config[0].mode == "Active" && contains(data.aws_iam_policy_document.this.statement[*].sid, "WhatTakesNoResource")
    error_message = "A function writes its traces: https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html"
  }
}

run "what_is_called_each_minute_is_given_up_in_a_minute_and_may_have_layers_and_room" {
  variables {
    layers            = ["arn:aws:lambda:us-east-1:000000000000:layer:Pandas:11"]
    event_age_seconds = 60
    ephemeral_mb      = 10240
  }
  assert {
    condition     = aws_lambda_function.this.layers == tolist(["arn:aws:lambda:us-east-1:000000000000:layer:Pandas:11"])
    error_message = "The function has the layers it is given."
  }
  assert {
    condition     = aws_lambda_function.this.ephemeral_storage[0].size == 10240
    error_message = "The function has the room it is given."
  }
  assert {
    condition     = aws_lambda_function_event_invoke_config.this.maximum_event_age_in_seconds == 60
    error_message = "Lambda keeps an event as long as the caller says."
  }
}

run "what_lambda_or_our_names_do_not_know_is_refused" {
  command = plan

  variables {
    name            = "ingest-like"
    stage           = "my-test"
    handler         = "index.handler"
    memory_mb       = 64
    ephemeral_mb    = 511
    timeout_seconds = 901
    layers          = ["pandas"]

    reserved_executions = 0
    log_share           = 0

    event_age_seconds = 59
  }

  expect_failures = [
    var.name, var.stage, var.handler, var.memory_mb, var.ephemeral_mb, var.timeout_seconds, var.layers,
    var.event_age_seconds, var.reserved_executions, var.log_share,
  ]
}

run "a_version_is_made_of_each_change_and_the_alias_calls_the_newest" {
  assert {
    condition     = aws_lambda_function.this.publish && aws_lambda_alias.live.name == "live" && aws_lambda_alias.live.function_version == aws_lambda_function.this.version
    error_message = "There is a way back: https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html"
  }
  assert {
    condition     = aws_lambda_function_event_invoke_config.this.qualifier == "live" && output.arn == aws_lambda_alias.live.arn
    error_message = "What is called, and what its failures come from, is the alias: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html"
  }
}

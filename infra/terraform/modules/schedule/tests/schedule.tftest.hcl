mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "000000000000" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::000000000000:role/RankTrends-test-schedule" }
  }
}

variables {
  name              = "RankTrends-test"
  description       = "Ranks films each minute."
  expression        = "rate(1 minute)"
  event_age_seconds = 60
  function = {
    arn              = "arn:aws:lambda:us-east-1:000000000000:function:RankTrends-test"
    dead_letters_arn = "arn:aws:sqs:us-east-1:000000000000:RankTrends-test-dead-letters"
  }
  silent_runs = 5
  silence     = "Leaderboards stand still."
  alarm_topic = { arn = "arn:aws:sns:us-east-1:000000000000:alarms" }
}

run "a_function_is_called_on_time_and_by_nobody_who_may_do_more" {
  assert {
    condition     = aws_scheduler_schedule.this.schedule_expression == "rate(1 minute)" && aws_scheduler_schedule.this.flexible_time_window[0].mode == "OFF"
    error_message = "The call comes when it is due, not some time after."
  }
  assert {
    condition     = aws_scheduler_schedule.this.target[0].arn == var.function.arn && aws_scheduler_schedule.this.target[0].role_arn == aws_iam_role.this.arn
    error_message = "The function is called with the schedule's own role."
  }
  assert {
    condition     = aws_scheduler_schedule.this.target[0].retry_policy[0].maximum_event_age_in_seconds == 60
    error_message = "Calls that are late do not pile up."
  }
  assert {
    condition     = { for m in aws_cloudwatch_metric_alarm.stands_still[0].metric_query : m.id => m.expression if m.return_data == true } == { succeeded = "invocations - FILL(errors, 0)" }
    error_message = "Somebody hears that no run succeeded."
  }
  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
  assert {
    condition     = [for a in aws_cloudwatch_metric_alarm.stands_still : [a.treat_missing_data, a.insufficient_data_actions]] == [["missing", toset([var.alarm_topic.arn])]]
    error_message = "Somebody hears that there are no runs any more, and not that there are none yet."
  }
  assert {
    condition = toset(flatten([
      for a in aws_cloudwatch_metric_alarm.stands_still :
      [for m in a.metric_query : [for n in m.metric : "${n.dimensions.FunctionName} ${n.period * a.evaluation_periods}"]]
    ])) == toset(["RankTrends-test 300"])
    error_message = "Five runs that were due are too many to miss."
  }
  assert {
    condition     = aws_scheduler_schedule.this.target[0].dead_letter_config[0].arn == var.function.dead_letters_arn
    error_message = "A call that was not made does not vanish."
  }
  assert {
    condition = [for s in data.aws_iam_policy_document.this.statement : [s.actions, s.resources]] == [
      [toset(["lambda:InvokeFunction"]), toset([var.function.arn])],
      [toset(["sqs:SendMessage"]), toset([var.function.dead_letters_arn])],
    ]
    error_message = "The role calls the function, keeps what it did not take, and does nothing else."
  }
  assert {
    condition     = one(data.aws_iam_policy_document.assume.statement[0].principals).identifiers == toset(["scheduler.amazonaws.com"]) && one(data.aws_iam_policy_document.assume.statement[0].condition).values == tolist(["000000000000"])
    error_message = "Scheduler takes the role for this account's schedules only."
  }
}

run "a_function_with_several_schedules_is_called_with_what_each_says" {
  variables {
    name  = "TrendReport-test-day"
    input = "{\"scheduled\": \"day\"}"
    function = {
      arn              = "arn:aws:lambda:us-east-1:000000000000:function:TrendReport-test"
      dead_letters_arn = "arn:aws:sqs:us-east-1:000000000000:TrendReport-test-dead-letters"
      name             = "TrendReport-test"
    }
  }
  assert {
    condition     = aws_scheduler_schedule.this.name == "TrendReport-test-day" && aws_scheduler_schedule.this.target[0].input == "{\"scheduled\": \"day\"}"
    error_message = "The call says which schedule it comes from."
  }
  assert {
    condition = toset(flatten([
      for a in aws_cloudwatch_metric_alarm.stands_still :
      [for m in a.metric_query : [for n in m.metric : n.dimensions.FunctionName]]
    ])) == toset(["TrendReport-test"])
    error_message = "What is watched is the function, not the schedule."
  }
}

run "what_scheduler_does_not_know_is_refused" {
  command = plan

  variables {
    name              = "Rank Trends"
    expression        = "each minute"
    event_age_seconds = 59
    input             = "day"
  }

  expect_failures = [var.name, var.expression, var.event_age_seconds, var.input]
}

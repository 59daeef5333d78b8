mock_provider "aws" {}

variables {
  name  = "Thing-test"
  topic = { arn = "arn:aws:sns:us-east-1:000000000000:alarms" }
  alarms = {
    errors = {
      description = "Thing raised.", namespace = "AWS/Lambda", metric = "Errors", dimensions = { FunctionName = "Thing-test" }
    }
    behind = {
      description = "Thing is behind.", namespace = "AWS/Lambda", metric = "IteratorAge", dimensions = { FunctionName = "Thing-test" }
      statistic   = "Maximum", above = 300000, periods = 5, datapoints = 3
    }
  }
}

run "an_alarm_tells_the_topic_when_it_rings_and_when_it_ends" {
  assert {
    condition = { for name, a in aws_cloudwatch_metric_alarm.this : a.alarm_name => [a.statistic, a.threshold, a.period, a.evaluation_periods, a.datapoints_to_alarm] } == {
      Thing-test-errors = ["Sum", 0, 60, 1, 1]
      Thing-test-behind = ["Maximum", 300000, 60, 5, 3]
    }
    error_message = "An alarm rings for what is above its threshold in any minute, or as it says."
  }
  assert {
    condition = alltrue([
      for a in aws_cloudwatch_metric_alarm.this :
      a.alarm_actions == toset([var.topic.arn]) && a.ok_actions == a.alarm_actions && a.treat_missing_data == "notBreaching" && a.comparison_operator == "GreaterThanThreshold"
    ])
    error_message = "An alarm that goes nowhere is none, and what measures nothing is well."
  }
}

run "one_that_watches_a_share_rings_below_it" {
  command = plan

  variables {
    alarms = {
      failing = { description = "Half fails.", namespace = "AWS/Firehose", metric = "ExecuteProcessing.Success", dimensions = {}, statistic = "Average", below = 0.5 }
    }
  }
  assert {
    condition     = [for a in aws_cloudwatch_metric_alarm.this : [a.comparison_operator, a.threshold]] == [["LessThanThreshold", 0.5]]
    error_message = "A share of what succeeds is too low, not too high."
  }
}

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html (TreatMissingData)
run "one_of_dynamodb_is_well_again_though_nothing_is_measured_then" {
  command = plan

  variables {
    alarms = {
      write-throttles = { description = "Writes are refused.", namespace = "AWS/DynamoDB", metric = "WriteThrottleEvents", dimensions = { TableName = "Things" }, periods = 5, datapoints = 3 }
    }
  }
  assert {
    condition = toset(flatten([for a in aws_cloudwatch_metric_alarm.this : [for m in a.metric_query : "${m.id}: ${coalesce(m.expression, "measured")}"]])) == toset([
      "filled: FILL(measured, 0)", "measured: measured"
    ])
    error_message = "What DynamoDB does not measure is a nought."
  }
  assert {
    condition = toset(flatten([for a in aws_cloudwatch_metric_alarm.this : [for m in a.metric_query : [for n in m.metric : "${n.namespace} ${n.metric_name} ${n.stat} ${n.period} ${n.dimensions.TableName}"]]])) == toset([
      "AWS/DynamoDB WriteThrottleEvents Sum 60 Things"
    ])
    error_message = "What is watched is the table's own metric."
  }
}

run "without_a_topic_there_are_none" {
  variables {
    topic = null
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) == 0
    error_message = "Nobody would hear them."
  }
}

run "an_alarm_that_cannot_ring_is_refused" {
  command = plan

  variables {
    alarms = {
      errors = {
        description = "Thing raised.", namespace = "AWS/Lambda", metric = "Errors", dimensions = {}, statistic = "Median", periods = 1, datapoints = 2
      }
    }
  }

  expect_failures = [var.alarms]
}

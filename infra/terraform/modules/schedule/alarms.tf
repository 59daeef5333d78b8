# A function that fails measures that nothing succeeded: ALARM. One that is not called any more measures nothing:
# INSUFFICIENT_DATA, which somebody hears of, too. A new alarm begins in that state, and only a change is told, so a stage
# rings nobody before its first run.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
resource "aws_cloudwatch_metric_alarm" "stands_still" {
  count                     = var.alarm_topic == null ? 0 : 1
  alarm_name                = "${var.name}-stands-still"
  alarm_description         = "No run of ${local.function} succeeded when ${var.silent_runs} were due: it is not called, or it fails. ${var.silence}"
  evaluation_periods        = var.silent_runs
  comparison_operator       = "LessThanThreshold"
  threshold                 = 1
  treat_missing_data        = "missing"
  alarm_actions             = [var.alarm_topic.arn]
  insufficient_data_actions = [var.alarm_topic.arn]
  ok_actions                = [var.alarm_topic.arn]

  metric_query {
    id          = "succeeded"
    label       = "Runs that succeeded"
    expression  = "invocations - FILL(errors, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { invocations = "Invocations", errors = "Errors" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/Lambda"
        metric_name = metric_query.value
        dimensions  = { FunctionName = local.function }
        stat        = "Sum"
        period      = var.event_age_seconds # a run is due in each
      }
    }
  }
}

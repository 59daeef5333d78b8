output "alarms" {
  description = "The alarms, by the end of their name."
  value       = aws_cloudwatch_metric_alarm.this
}

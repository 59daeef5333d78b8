output "name" {
  description = "Name of the schedule."
  value       = aws_scheduler_schedule.this.name
}

output "silent_seconds" {
  description = "How long no run may succeed before somebody is told; null where nobody is."
  value       = one([for a in aws_cloudwatch_metric_alarm.stands_still : a.evaluation_periods * var.event_age_seconds])
}

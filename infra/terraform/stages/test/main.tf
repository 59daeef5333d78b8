# The stage to try changes in: all of AWS, nothing worth keeping.
module "pipeline" {
  source                 = "../../modules/pipeline"
  providers              = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  stage                  = "test"
  package                = var.package
  layers                 = var.layers
  disposable             = true
  stream_retention_hours = var.stream_retention_hours
  delivery_seconds       = 60
  raw_expires_after_days = 7
  requests_per_second    = 100
  archive_executions     = var.archive_executions
  capacity               = var.capacity
  fan_out                = var.fan_out
  batch_seconds          = var.batch_seconds
  writers                = var.writers
  producers              = var.producers
  people                 = var.people
  http_api               = var.http_api
  cors_origins           = var.cors_origins
  domain                 = var.domain
  requests_per_address   = var.requests_per_address
  alarm_email            = var.alarm_email
  customer_key           = var.customer_key
  traced                 = var.traced
  trail                  = var.trail
  site_log               = var.site_log
  budget_usd             = var.budget_usd
  report_email           = var.report_email
  reports_for            = var.reports_for
  reports_link           = var.reports_link
}

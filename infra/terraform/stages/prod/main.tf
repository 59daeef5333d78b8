# The stage that people's likes are in.
module "pipeline" {
  source                 = "../../modules/pipeline"
  providers              = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  stage                  = "prod"
  package                = var.package
  layers                 = var.layers
  disposable             = false
  stream_retention_hours = var.stream_retention_hours
  delivery_seconds       = 300
  raw_expires_after_days = 30 # time to mend what CompactLake could not merge; the rest is in likes/ within minutes
  requests_per_second    = 10000
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
  alarms_required        = true
  alarm_email            = var.alarm_email
  request_log_share      = 0.01 # a line for each request would be a tenth of the bill: infra/costs.py
  customer_key           = var.customer_key
  traced                 = var.traced
  trail                  = var.trail
  site_log               = var.site_log
  budget_usd             = var.budget_usd
  report_email           = var.report_email
  reports_for            = var.reports_for
  reports_link           = var.reports_link
}

# A warning of every plan, for as long as it is so.
check "writers" {
  assert {
    condition     = var.writers.mode != "open"
    error_message = "Everybody who knows the API's address may send likes to prod, for whatever user: TF_VAR_writers says who may."
  }
}

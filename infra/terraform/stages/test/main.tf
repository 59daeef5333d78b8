# The stage to try changes in: all of AWS, nothing worth keeping.
module "pipeline" {
  source                 = "../../modules/pipeline"
  providers              = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  stage                  = "test"
  package                = var.package
  layers                 = var.layers
  disposable             = true
  stream_retention_hours = 24
  delivery_seconds       = 60
  raw_expires_after_days = 7
  requests_per_second    = 100
  archive_executions     = var.archive_executions
  writers                = var.writers
  producers              = var.producers
  people                 = var.people
  cors_origins           = var.cors_origins
  domain                 = var.domain
  requests_per_address   = var.requests_per_address
  alarm_email            = var.alarm_email
  customer_key           = var.customer_key
  traced                 = var.traced
  budget_usd             = var.budget_usd
  report_email           = var.report_email
  publish_reports        = var.publish_reports
}

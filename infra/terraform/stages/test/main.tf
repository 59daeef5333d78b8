# The stage to try changes in: all of AWS, nothing worth keeping.
module "pipeline" {
  source                 = "../../modules/pipeline"
  stage                  = "test"
  package                = var.package
  layers                 = var.layers
  disposable             = true
  stream_retention_hours = 24
  delivery_seconds       = 60
  raw_expires_after_days = 7
  requests_per_second    = 100
  writers                = var.writers
  cors_origins           = var.cors_origins
  alarm_email            = var.alarm_email
  report_email           = var.report_email
  publish_reports        = var.publish_reports
}

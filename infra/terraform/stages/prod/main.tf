# The stage that people's likes are in.
module "pipeline" {
  source                 = "../../modules/pipeline"
  stage                  = "prod"
  package                = var.package
  layers                 = var.layers
  disposable             = false
  stream_retention_hours = 168
  delivery_seconds       = 300
  raw_expires_after_days = 30 # time to mend what CompactLake could not merge; the rest is in likes/ within minutes
  requests_per_second    = 10000
  alarm_email            = var.alarm_email
  report_email           = var.report_email
  publish_reports        = var.publish_reports
}

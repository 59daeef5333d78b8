# The stage that people's likes are in.
module "pipeline" {
  source                 = "../../modules/pipeline"
  stage                  = "prod"
  package                = var.package
  disposable             = false
  stream_retention_hours = 168
  delivery_seconds       = 300
  raw_expires_after_days = 3650 # the only copy until compaction fills likes/; then 30 will do
  requests_per_second    = 10000
  alarm_email            = var.alarm_email
}

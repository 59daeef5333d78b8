# The stage of one laptop: the same pipeline, applied to the emulator.
module "pipeline" {
  source                 = "../../modules/pipeline"
  providers              = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  stage                  = "local"
  package                = var.package
  disposable             = true
  stream_retention_hours = 24
  delivery_seconds       = 60
  raw_expires_after_days = null # `lake down --wipe` does that
  requests_per_second    = 1000
  api_address            = "${var.endpoint}/restapis/%s/local/_user_request_"
  tls_only               = false # the emulator speaks plain HTTP
  alarms                 = false
  reports_for            = "everybody" # who is is at the laptop
  regional_names         = false       # the emulator has one region
  fan_out_mapping        = false       # the emulator refuses a mapping on a consumer; infra/local/bridge stands for it
  people                 = { for role in ["analyst", "mender", "operator", "producer"] : role => ["arn:aws:iam::000000000000:root"] }
  layers                 = {} # the emulator runs functions in its own Python, which has all they import
}

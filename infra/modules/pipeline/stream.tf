module "stream" {
  source          = "../stream"
  name            = local.stream
  retention_hours = var.stream_retention_hours
  alarm_topic     = local.alarm_topic
}

module "api" {
  source              = "../api"
  name                = local.service
  stage               = var.stage
  ingest              = { name = module.ingest.name, invoke_arn = module.ingest.invoke_arn }
  read                = { name = module.read.name, invoke_arn = module.read.invoke_arn }
  writers             = var.writers
  cors_origins        = var.cors_origins
  requests_per_second = var.requests_per_second
  opens_after         = module.delivery.arn
  alarm_topic         = local.alarm_topic
}

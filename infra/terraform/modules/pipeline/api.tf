module "api" {
  source              = "../api"
  traced              = var.traced
  name                = local.service
  stage               = var.stage
  ingest              = { name = module.ingest.name, invoke_arn = module.ingest.invoke_arn }
  read                = { name = module.read.name, invoke_arn = module.read.invoke_arn }
  writers             = var.writers
  cors_origins        = var.cors_origins
  domain              = var.domain == null ? null : { name = "api.${var.domain.name}", zone_id = var.domain.zone_id }
  requests_per_second = var.requests_per_second
  opens_after         = module.delivery.arn
  alarm_topic         = local.alarm_topic
}

# What floods from one address and what AWS knows to be bad is refused before it costs a function's time.
module "api_firewall" {
  source               = "../firewall"
  count                = var.requests_per_address == null ? 0 : 1
  name                 = "${local.service}-api"
  scope                = "REGIONAL"
  resource_arn         = module.api.stage_arn
  requests_per_address = var.requests_per_address
}

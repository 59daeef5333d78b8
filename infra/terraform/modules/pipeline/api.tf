# One of two: API Gateway's REST API, or its HTTP API, which costs less and does less.
module "api" {
  source              = "../api"
  key_arn             = local.key_arn
  count               = var.http_api ? 0 : 1
  traced              = var.traced
  name                = local.service
  stage               = var.stage
  ingest              = local.called.ingest
  read                = local.called.read
  writers             = var.writers
  cors_origins        = var.cors_origins
  domain              = local.api_domain
  requests_per_second = var.requests_per_second
  opens_after         = module.delivery.arn
  alarm_topic         = local.alarm_topic
}

module "http_api" {
  source              = "../http_api"
  count               = var.http_api ? 1 : 0
  name                = local.service
  stage               = var.stage
  ingest              = local.called.ingest
  read                = local.called.read
  writers             = var.writers
  domain              = local.api_domain
  requests_per_second = var.requests_per_second
  opens_after         = module.delivery.arn
  key_arn             = local.key_arn
  alarm_topic         = local.alarm_topic
}

moved {
  from = module.api
  to   = module.api[0]
}

# API Gateway measures answers of 429 among all others of 4xx, so they are counted from its log. It leaves some out when they
# are very many, never all. https://repost.aws/knowledge-center/api-gateway-missing-cloudwatch-logs
resource "aws_cloudwatch_log_metric_filter" "throttled" {
  count          = var.alarms ? 1 : 0
  name           = "throttled"
  log_group_name = one(concat(module.api[*].log_group, module.http_api[*].log_group))
  pattern        = "{ $.status = \"429\" }"

  metric_transformation {
    namespace  = "MovieLikes"
    name       = "RequestsThrottled"
    value      = "1"
    dimensions = { stage = "$.stage" }
  }
}

locals {
  api_id     = one(concat(module.api[*].id, module.http_api[*].id))
  api_domain = var.domain == null ? null : { name = "api.${var.domain.name}", zone_id = var.domain.zone_id }
  called = {
    ingest = { name = module.ingest.name, qualifier = module.ingest.qualifier, invoke_arn = module.ingest.invoke_arn }
    read   = { name = module.read.name, qualifier = module.read.qualifier, invoke_arn = module.read.invoke_arn }
  }
}

# What floods from one address and what AWS knows to be bad is refused before it costs a function's time.
module "api_firewall" {
  source               = "../firewall"
  count                = var.requests_per_address == null || var.http_api ? 0 : 1 # an HTTP API takes none
  name                 = "${local.service}-api"
  scope                = "REGIONAL"
  key_arn              = local.key_arn
  resource_arn         = module.api[0].stage_arn
  requests_per_address = var.requests_per_address
}

# Who may send likes. What is asked without sending any stays open: it is on the page for everybody.

locals {
  # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-to-api.html
  authorization = { open = "NONE", api_key = "NONE", iam = "AWS_IAM", jwt = "COGNITO_USER_POOLS" }[var.writers.mode]
}

# API Gateway checks the token's signature, issuer and end, and tells the function what is in it. Without scopes it wants an
# ID token. https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-enable-cognito-user-pool.html
resource "aws_api_gateway_authorizer" "users" {
  count           = var.writers.mode == "jwt" ? 1 : 0
  name            = "${var.name}-users"
  rest_api_id     = aws_api_gateway_rest_api.this.id
  type            = "COGNITO_USER_POOLS"
  identity_source = "method.request.header.Authorization"
  provider_arns   = [var.writers.user_pool_arn]
}

# A key tells senders apart and throttles them; it is no proof of who they are.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
resource "aws_api_gateway_api_key" "writers" {
  for_each    = var.writers.mode == "api_key" ? var.writers.keys : []
  name        = "${var.name}-${each.key}"
  description = "Likes that ${each.key} sends."
}

resource "aws_api_gateway_usage_plan" "writers" {
  count = var.writers.mode == "api_key" ? 1 : 0
  name  = var.name

  api_stages {
    api_id = aws_api_gateway_rest_api.this.id
    stage  = aws_api_gateway_stage.this.stage_name
  }

  throttle_settings {
    rate_limit  = var.requests_per_second
    burst_limit = min(var.requests_per_second, 5000)
  }
}

resource "aws_api_gateway_usage_plan_key" "writers" {
  for_each      = aws_api_gateway_api_key.writers
  key_id        = each.value.id
  key_type      = "API_KEY"
  usage_plan_id = aws_api_gateway_usage_plan.writers[0].id
}

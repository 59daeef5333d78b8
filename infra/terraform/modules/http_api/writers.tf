# Who may send likes. An HTTP API checks the tokens of any issuer that publishes its keys, and knows no API keys.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html

data "aws_region" "current" {}

locals {
  authorization = { open = "NONE", iam = "AWS_IAM", jwt = "JWT" }[var.writers.mode]
  # Cognito's issuer, from arn:aws:cognito-idp:<region>:<account>:userpool/<id>.
  pool = try(element(split("/", var.writers.user_pool_arn), 1), "")
}

resource "aws_apigatewayv2_authorizer" "users" {
  count            = var.writers.mode == "jwt" ? 1 : 0
  api_id           = aws_apigatewayv2_api.this.id
  name             = "${var.name}-users"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    issuer   = coalesce(var.writers.issuer, "https://cognito-idp.${data.aws_region.current.name}.amazonaws.com/${local.pool}")
    audience = var.writers.audience
  }
}

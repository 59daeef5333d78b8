# The API as one of API Gateway's HTTP APIs, at a third of the price of its REST APIs. Functions are told of a request as a REST
# API tells them (payload format 1.0), so they know no difference. What is lost: README.md of infra/terraform.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-vs-rest.html

locals {
  # A browser asks before it sends JSON to another origin, or an ETag that it has.
  routes = {
    "POST /likes"                      = var.ingest
    "OPTIONS /likes"                   = var.ingest
    "GET /likes"                       = var.read
    "GET /movies/{movie_id}/likes"     = var.read
    "OPTIONS /movies/{movie_id}/likes" = var.read
    "GET /trends"                      = var.read
    "OPTIONS /trends"                  = var.read
  }
  functions = { ingest = var.ingest, read = var.read }
}

resource "aws_apigatewayv2_api" "this" {
  name          = var.name
  description   = "Likes in, counts and trends out."
  protocol_type = "HTTP"

  disable_execute_api_endpoint = var.domain != null
}

# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
resource "aws_apigatewayv2_integration" "function" {
  for_each               = local.functions
  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_method     = "POST"
  integration_uri        = each.value.invoke_arn
  payload_format_version = "1.0"
  timeout_milliseconds   = 29000
}

resource "aws_apigatewayv2_route" "this" {
  #checkov:skip=CKV_AWS_309:Counts and trends are for everybody; who may send likes, local.authorization says.
  for_each           = local.routes
  api_id             = aws_apigatewayv2_api.this.id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.function[each.value == var.ingest ? "ingest" : "read"].id}"
  authorization_type = each.key == "POST /likes" ? local.authorization : "NONE"
  authorizer_id      = each.key == "POST /likes" ? one(aws_apigatewayv2_authorizer.users[*].id) : null
}

resource "aws_lambda_permission" "route" {
  for_each      = local.routes
  action        = "lambda:InvokeFunction"
  function_name = each.value.name
  qualifier     = each.value.qualifier
  principal     = "apigateway.amazonaws.com"
  # A path's variable is a star in the ARN of a request.
  source_arn = "${aws_apigatewayv2_api.this.execution_arn}/${var.stage}/${replace(replace(each.key, " /", "/"), "{movie_id}", "*")}"

  # Made at another qualifier, it is there before what calls by it, and the old one goes last.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_apigatewayv2_stage" "this" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = var.stage
  auto_deploy = true

  # https://docs.aws.amazon.com/firehose/latest/dev/writing-with-kinesis-streams.html (LATEST)
  depends_on = [var.opens_after, aws_lambda_permission.route]

  default_route_settings {
    throttling_rate_limit  = var.requests_per_second
    throttling_burst_limit = min(var.requests_per_second, 5000)
  }

  # Nobody's address is in it.
  # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format = jsonencode({
      stage             = "$context.stage"
      request_id        = "$context.requestId"
      time              = "$context.requestTimeEpoch"
      route             = "$context.routeKey"
      status            = "$context.status"
      bytes             = "$context.responseLength"
      latency_ms        = "$context.responseLatency"
      function_ms       = "$context.integrationLatency"
      gateway_error     = "$context.error.responseType"
      integration_error = "$context.integrationErrorMessage"
    })
  }
}

resource "aws_cloudwatch_log_group" "access" {
  #checkov:skip=CKV_AWS_158:With the account's key where a variable asks for one; a line names neither user nor address.
  #checkov:skip=CKV_AWS_338:30 days are enough to find out what went wrong, and what happened to a like stands in the lake.
  name              = "/aws/apigateway/${var.name}-http"
  retention_in_days = 30
  kms_key_id        = var.key_arn
}

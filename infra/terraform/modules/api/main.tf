# The HTTP API: what is deployed, and how it is throttled and logged.

# It unpacks requests that come as gzip or deflate by itself, before validation and function, and needs no binary media types for that:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gzip-compression-decompression.html
resource "aws_api_gateway_rest_api" "this" {
  #checkov:skip=CKV_AWS_237:An API that is replaced has another address whatever comes first.
  name        = var.name
  description = "Likes in, counts and trends out."

  disable_execute_api_endpoint = var.domain != null

  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

# A deployment is a snapshot. One is made whenever a file of this module or a function's address changes.
resource "aws_api_gateway_deployment" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id

  triggers = {
    files     = sha256(join("", [for file in sort(fileset(path.module, "*.tf")) : filesha256("${path.module}/${file}")]))
    functions = sha256(jsonencode([var.ingest, var.read]))
    callers   = sha256(jsonencode([var.writers, var.cors_origins]))
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [
    aws_api_gateway_gateway_response.this,
    aws_api_gateway_integration.function,
    aws_lambda_permission.route,
  ]
}

resource "aws_api_gateway_stage" "this" {
  #checkov:skip=CKV_AWS_120:Counts are live; browsers and proxies keep trends for as long as they say.
  #checkov:skip=CKV2_AWS_51:A function is called by IAM, so there is no backend that a client certificate could be shown to.
  #checkov:skip=CKV2_AWS_29:Module pipeline puts a web ACL before it where a variable asks for it, as prod does.
  #checkov:skip=CKV2_AWS_4:Execution logs hold bodies, and with them users; the access log tells of each request.
  rest_api_id   = aws_api_gateway_rest_api.this.id
  deployment_id = aws_api_gateway_deployment.this.id
  stage_name    = var.stage

  # https://docs.aws.amazon.com/firehose/latest/dev/writing-with-kinesis-streams.html (LATEST)
  depends_on = [var.opens_after, aws_lambda_permission.route]

  xray_tracing_enabled = var.traced

  # API Gateway writes logs with a role of the account's, which stages/bootstrap makes. Nobody's address is in them; those
  # of whom the web ACL refused are in its own log.
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format = jsonencode({
      stage             = "$context.stage"
      request_id        = "$context.requestId"
      time              = "$context.requestTimeEpoch"
      method            = "$context.httpMethod"
      path              = "$context.resourcePath"
      status            = "$context.status"
      bytes             = "$context.responseLength"
      latency_ms        = "$context.responseLatency"
      function_ms       = "$context.integrationLatency"
      gateway_error     = "$context.error.responseType"
      integration_error = "$context.integration.error"
    })
  }
}

resource "aws_api_gateway_method_settings" "every" {
  #checkov:skip=CKV_AWS_225:Counts are live; browsers and proxies keep trends for as long as they say.
  rest_api_id = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
  method_path = "*/*"

  settings {
    # The metrics of the API as a whole are free; those of each method, which this would add, cost 0.30 USD each a month.
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
    metrics_enabled        = false
    throttling_rate_limit  = var.requests_per_second
    throttling_burst_limit = min(var.requests_per_second, 5000)
  }
}

resource "aws_cloudwatch_log_group" "access" {
  #checkov:skip=CKV_AWS_158:With the account's key where a variable asks for one; a line names neither user nor address.
  #checkov:skip=CKV_AWS_338:30 days are enough to find out what went wrong, and what happened to a like stands in the lake.
  name              = "/aws/apigateway/${var.name}"
  retention_in_days = 30
  kms_key_id        = var.key_arn
}

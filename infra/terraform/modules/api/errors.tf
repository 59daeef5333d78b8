# Errors that API Gateway answers by itself look like those of the functions, and browsers may read them.

locals {
  # Response type -> status, machine-readable reason, sentence for people (null: API Gateway's own), and whether
  # sending again helps. The defaults keep the status of what they stand for.
  # https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
  gateway_errors = {
    BAD_REQUEST_BODY       = { status = "400", error = "not_json", message = "The body is no JSON object or array.", again = false }
    BAD_REQUEST_PARAMETERS = { status = "400", error = "missing_parameter", message = null, again = false }
    REQUEST_TOO_LARGE      = { status = "413", error = "too_large", message = "The request is too large; send fewer likes at a time.", again = false }
    UNSUPPORTED_MEDIA_TYPE = { status = "415", error = "bad_content_encoding", message = "Send the body plain, or as gzip or deflate.", again = false }
    # Also said of a request without a signature where one is needed.
    MISSING_AUTHENTICATION_TOKEN = { status = "404", error = "not_found", message = var.writers.mode == "iam" ? "There is nothing at this address for a request that is not signed." : "There is nothing at this address.", again = false }
    UNAUTHORIZED                 = { status = "401", error = "unauthorized", message = "Send a valid token in the header Authorization.", again = false }
    INVALID_API_KEY              = { status = "403", error = "forbidden", message = "Send a valid key in the header x-api-key.", again = false }
    ACCESS_DENIED                = { status = "403", error = "forbidden", message = "You may not send likes.", again = false }
    EXPIRED_TOKEN                = { status = "401", error = "unauthorized", message = "The token has expired; sign in again.", again = false }
    THROTTLED                    = { status = "429", error = "throttled", message = "Too many requests; try again in a second.", again = true }
    INTEGRATION_FAILURE          = { status = "503", error = "unavailable", message = "The service is not available; try again in a second.", again = true }
    INTEGRATION_TIMEOUT          = { status = "503", error = "unavailable", message = "The service took too long; try again in a second.", again = true }
    DEFAULT_4XX                  = { status = null, error = "refused", message = null, again = false }
    DEFAULT_5XX                  = { status = null, error = "unavailable", message = "The service is not available; try again in a second.", again = true }
  }
}

resource "aws_api_gateway_gateway_response" "this" {
  for_each      = local.gateway_errors
  rest_api_id   = aws_api_gateway_rest_api.this.id
  response_type = each.key
  status_code   = each.value.status

  response_templates = {
    # API Gateway quotes messageString itself.
    "application/json" = format(
      "{\"error\":%s,\"message\":%s}",
      jsonencode(each.value.error),
      each.value.message == null ? "$context.error.messageString" : jsonencode(each.value.message),
    )
  }

  response_parameters = merge(
    {
      "gatewayresponse.header.Access-Control-Allow-Origin"   = "'${var.cors_origins[0]}'" # one only: a header here is fixed
      "gatewayresponse.header.Access-Control-Expose-Headers" = "'Retry-After, Date'"
    },
    each.value.again ? { "gatewayresponse.header.Retry-After" = "'1'" } : {},
  )
}

mock_provider "aws" {
  mock_resource "aws_api_gateway_rest_api" {
    defaults = { execution_arn = "arn:aws:execute-api:us-east-1:000000000000:abc" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/apigateway/movie-likes-test" }
  }
}

variables {
  name                = "movie-likes-test"
  stage               = "test"
  ingest              = { name = "IngestLike-test", qualifier = "live", invoke_arn = "arn:aws:apigateway:us-east-1:lambda:path/ingest/invocations" }
  read                = { name = "ReadLikes-test", qualifier = "live", invoke_arn = "arn:aws:apigateway:us-east-1:lambda:path/read/invocations" }
  writers             = { mode = "open" }
  cors_origins        = ["*"]
  requests_per_second = 100
  opens_after         = "arn:aws:firehose:us-east-1:000000000000:deliverystream/MovieLikesArchive-test"
  alarm_topic         = { arn = "arn:aws:sns:us-east-1:000000000000:alarms" }
}

run "requests_are_checked_throttled_logged_and_reach_their_function" {
  assert {
    condition = {
      for name, i in aws_api_gateway_integration.function : name => i.uri
      } == {
      "POST /likes"                      = var.ingest.invoke_arn
      "OPTIONS /likes"                   = var.ingest.invoke_arn
      "GET /likes"                       = var.read.invoke_arn
      "GET /movies/{movie_id}/likes"     = var.read.invoke_arn
      "OPTIONS /movies/{movie_id}/likes" = var.read.invoke_arn
      "GET /trends"                      = var.read.invoke_arn
      "OPTIONS /trends"                  = var.read.invoke_arn
    }
    error_message = "Likes go to IngestLike, questions to ReadLikes, and browsers may ask before either."
  }
  assert {
    condition     = alltrue([for i in aws_api_gateway_integration.function : i.type == "AWS_PROXY" && i.integration_http_method == "POST"])
    error_message = "Functions are called as proxies."
  }
  assert {
    condition = {
      for name, p in aws_lambda_permission.route : name => p.source_arn
      } == {
      "POST /likes"                      = "arn:aws:execute-api:us-east-1:000000000000:abc/test/POST/likes"
      "OPTIONS /likes"                   = "arn:aws:execute-api:us-east-1:000000000000:abc/test/OPTIONS/likes"
      "GET /likes"                       = "arn:aws:execute-api:us-east-1:000000000000:abc/test/GET/likes"
      "GET /movies/{movie_id}/likes"     = "arn:aws:execute-api:us-east-1:000000000000:abc/test/GET/movies/*/likes"
      "OPTIONS /movies/{movie_id}/likes" = "arn:aws:execute-api:us-east-1:000000000000:abc/test/OPTIONS/movies/*/likes"
      "GET /trends"                      = "arn:aws:execute-api:us-east-1:000000000000:abc/test/GET/trends"
      "OPTIONS /trends"                  = "arn:aws:execute-api:us-east-1:000000000000:abc/test/OPTIONS/trends"
    }
    error_message = "A function may be called for its own routes only."
  }
  assert {
    condition     = aws_api_gateway_method.this["POST /likes"].request_models == tomap({ "application/json" = "Likes" }) && toset(jsondecode(aws_api_gateway_model.likes.schema).type) == toset(["object", "array"])
    error_message = "A body is a JSON object or array."
  }
  assert {
    condition     = aws_api_gateway_method.this["GET /likes"].request_parameters["method.request.querystring.movie_ids"]
    error_message = "Counts of several movies need movie_ids."
  }
  assert {
    condition     = aws_api_gateway_method.this["GET /trends"].request_parameters == tomap({ "method.request.querystring.window" = false, "method.request.querystring.limit" = false })
    error_message = "Trends are answered to whoever asks for nothing in particular."
  }
  assert {
    condition = alltrue([
      for r in aws_api_gateway_gateway_response.this :
      r.response_parameters["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'" &&
      toset(keys(jsondecode(replace(r.response_templates["application/json"], "$context.error.messageString", "\"\"")))) == toset(["error", "message"])
    ])
    error_message = "API Gateway's own errors have our shape, and browsers may read them."
  }
  assert {
    condition     = alltrue([for name in ["THROTTLED", "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT"] : aws_api_gateway_gateway_response.this[name].response_parameters["gatewayresponse.header.Retry-After"] == "'1'"])
    error_message = "A sender who should try again is told so."
  }
  assert {
    condition     = one(aws_api_gateway_method_settings.every.settings).throttling_rate_limit == 100 && one(aws_api_gateway_method_settings.every.settings).throttling_burst_limit == 100
    error_message = "The stage is throttled."
  }
  assert {
    condition     = [for name in ["stage", "status"] : jsondecode(aws_api_gateway_stage.this.access_log_settings[0].format)[name]] == ["$context.stage", "$context.status"]
    error_message = "Every request is logged as a line of JSON, from which those that are throttled are counted by stage."
  }
}

run "open_means_everybody_and_says_so" {
  command = plan

  assert {
    condition     = [for m in aws_api_gateway_method.this : m.authorization if m.authorization != "NONE"] == [] && length(aws_api_gateway_authorizer.users) + length(aws_api_gateway_usage_plan.writers) == 0
    error_message = "Open is open."
  }
}

run "keys_are_needed_to_write_and_not_to_read" {
  command = plan

  variables {
    writers      = { mode = "api_key", keys = ["shop", "tv"] }
    cors_origins = ["https://shop.example", "https://tv.example"]
  }
  assert {
    condition     = [for name, m in aws_api_gateway_method.this : name if m.api_key_required] == ["POST /likes"] && toset(keys(aws_api_gateway_api_key.writers)) == toset(["shop", "tv"])
    error_message = "Who writes has a key, which is in a usage plan of the stage: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html"
  }
  assert {
    condition     = alltrue([for r in aws_api_gateway_gateway_response.this : r.response_parameters["gatewayresponse.header.Access-Control-Allow-Origin"] == "'https://shop.example'"])
    error_message = "API Gateway's own errors are for the first origin."
  }
}

run "signed_requests_are_needed_to_write_and_not_to_read" {
  command = plan

  variables {
    writers = { mode = "iam" }
  }
  assert {
    condition     = { for name, m in aws_api_gateway_method.this : name => m.authorization if m.authorization != "NONE" } == { "POST /likes" = "AWS_IAM" }
    error_message = "Who writes signs: https://docs.aws.amazon.com/apigateway/latest/developerguide/permissions.html"
  }
}

run "tokens_are_needed_to_write_and_a_browser_may_ask_first" {
  variables {
    writers = { mode = "jwt", user_pool_arn = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_a" }
  }
  assert {
    condition     = { for name, m in aws_api_gateway_method.this : name => [m.authorization, m.authorizer_id] if m.authorization != "NONE" } == { "POST /likes" = ["COGNITO_USER_POOLS", aws_api_gateway_authorizer.users[0].id] }
    error_message = "Who writes has a token, and a preflight, which cannot have one, is let through: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-enable-cognito-user-pool.html"
  }
  assert {
    condition     = aws_api_gateway_authorizer.users[0].type == "COGNITO_USER_POOLS" && aws_api_gateway_authorizer.users[0].provider_arns == toset([var.writers.user_pool_arn])
    error_message = "Tokens are those of the pool that is named."
  }
}

run "a_name_of_our_own_is_the_only_one" {
  command = plan

  variables {
    domain = { name = "api.likes.example.org", zone_id = "Z1" }
  }
  assert {
    condition     = aws_api_gateway_rest_api.this.disable_execute_api_endpoint && output.url == "https://api.likes.example.org"
    error_message = "AWS's own name is switched off: https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-disable-default-endpoint.html"
  }
  assert {
    condition     = [for d in aws_api_gateway_domain_name.this : d.security_policy] == ["TLS_1_2"] && toset([for r in aws_route53_record.this : r.type]) == toset(["A", "AAAA"])
    error_message = "TLS 1.2 at least: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-custom-domain-tls-version.html"
  }
}

run "writers_that_nobody_can_be_are_refused" {
  command = plan

  variables {
    writers      = { mode = "jwt", keys = ["shop"] }
    cors_origins = ["https://shop.example/", "*"]
  }

  expect_failures = [var.writers, var.cors_origins]
}

run "a_stage_with_a_slash_and_more_than_the_account_has_are_refused" {
  command = plan

  variables {
    stage               = "a/b"
    requests_per_second = 10001
  }

  expect_failures = [var.stage, var.requests_per_second]
}

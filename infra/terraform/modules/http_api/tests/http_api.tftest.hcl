mock_provider "aws" {
  mock_resource "aws_apigatewayv2_api" {
    defaults = { execution_arn = "arn:aws:execute-api:us-east-1:000000000000:abc" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/apigateway/movie-likes-test-http" }
  }
  mock_data "aws_region" {
    defaults = { name = "us-east-1" }
  }
  mock_resource "aws_acm_certificate" {
    defaults = { arn = "arn:aws:acm:us-east-1:000000000000:certificate/mock", domain_validation_options = [{ domain_name = "a", resource_record_name = "_a", resource_record_type = "CNAME", resource_record_value = "_b" }] }
  }
  mock_resource "aws_acm_certificate_validation" {
    defaults = { certificate_arn = "arn:aws:acm:us-east-1:000000000000:certificate/mock" }
  }
}

variables {
  name                = "movie-likes-test"
  stage               = "test"
  ingest              = { name = "IngestLike-test", qualifier = "live", invoke_arn = "arn:aws:apigateway:us-east-1:lambda:path/ingest/invocations" }
  read                = { name = "ReadLikes-test", qualifier = "live", invoke_arn = "arn:aws:apigateway:us-east-1:lambda:path/read/invocations" }
  writers             = { mode = "open" }
  requests_per_second = 100
  opens_after         = "arn:aws:firehose:us-east-1:000000000000:deliverystream/MovieLikesArchive-test"
  alarm_topic         = { arn = "arn:aws:sns:us-east-1:000000000000:alarms" }
}

run "requests_reach_their_function_as_a_rest_api_tells_of_them" {
  assert {
    condition     = { for name, i in aws_apigatewayv2_integration.function : name => [i.integration_uri, i.payload_format_version] } == { ingest = [var.ingest.invoke_arn, "1.0"], read = [var.read.invoke_arn, "1.0"] }
    error_message = "Functions know one form of a request: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html"
  }
  assert {
    condition     = toset(keys(aws_apigatewayv2_route.this)) == toset(["POST /likes", "OPTIONS /likes", "GET /likes", "GET /movies/{movie_id}/likes", "OPTIONS /movies/{movie_id}/likes", "GET /trends", "OPTIONS /trends"])
    error_message = "It answers what the REST API answers."
  }
  assert {
    condition     = aws_lambda_permission.route["GET /movies/{movie_id}/likes"].source_arn == "arn:aws:execute-api:us-east-1:000000000000:abc/test/GET/movies/*/likes"
    error_message = "A function may be called for its own routes only."
  }
  assert {
    condition     = aws_apigatewayv2_stage.this.default_route_settings[0].throttling_rate_limit == 100 && !strcontains(aws_apigatewayv2_stage.this.access_log_settings[0].format, "identity")
    error_message = "It is throttled, and its log names nobody."
  }
}

run "tokens_of_an_issuer_are_needed_to_write_and_a_name_of_our_own_is_the_only_one" {
  variables {
    writers = { mode = "jwt", user_pool_arn = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_abc", audience = ["page"] }
    domain  = { name = "api.likes.example.org", zone_id = "Z1" }
  }
  assert {
    condition     = { for name, r in aws_apigatewayv2_route.this : name => r.authorization_type if r.authorization_type != "NONE" } == { "POST /likes" = "JWT" }
    error_message = "A browser may ask first, and everybody may read."
  }
  assert {
    condition     = [for a in aws_apigatewayv2_authorizer.users : [a.jwt_configuration[0].issuer, a.jwt_configuration[0].audience]] == [["https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abc", toset(["page"])]]
    error_message = "Cognito's issuer is worked out of the pool: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html"
  }
  assert {
    condition     = aws_apigatewayv2_api.this.disable_execute_api_endpoint && aws_apigatewayv2_domain_name.this["api.likes.example.org"].domain_name_configuration[0].security_policy == "TLS_1_2"
    error_message = "AWS's own name is off."
  }
}

run "keys_and_tokens_for_nobody_are_refused" {
  command = plan
  variables { writers = { mode = "api_key" } }
  expect_failures = [var.writers]
}

run "tokens_without_an_audience_are_refused" {
  command = plan
  variables { writers = { mode = "jwt", issuer = "https://login.example.org/" } }
  expect_failures = [var.writers]
}

mock_provider "aws" {
  mock_resource "aws_wafv2_web_acl" {
    defaults = { arn = "arn:aws:wafv2:us-east-1:000000000000:regional/webacl/movie-likes-test/mock" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:000000000000:log-group:aws-waf-logs-movie-likes-test" }
  }
}

variables {
  name                 = "movie-likes-test"
  scope                = "REGIONAL"
  resource_arn         = "arn:aws:apigateway:us-east-1::/restapis/abc/stages/test"
  requests_per_address = 1000
}

run "floods_and_what_is_known_to_be_bad_are_refused_and_logged_without_secrets" {
  assert {
    condition     = one([for r in aws_wafv2_web_acl.this.rule : r.statement[0].rate_based_statement[0] if r.name == "address"]).limit == 1000
    error_message = "An address that floods is refused: https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based.html"
  }
  assert {
    condition     = toset([for r in aws_wafv2_web_acl.this.rule : r.name]) == toset(["address", "AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesCommonRuleSet"])
    error_message = "What AWS knows to be bad is refused: https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html"
  }
  assert {
    condition     = flatten([for r in aws_wafv2_web_acl.this.rule : [for s in r.statement[0].managed_rule_group_statement : [for o in s.rule_action_override : o.name]]]) == ["SizeRestrictions_BODY"]
    error_message = "A batch of likes is larger than the 8 KB of the common rules."
  }
  assert {
    condition     = startswith(aws_cloudwatch_log_group.this.name, "aws-waf-logs-") && aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "WAF writes to no other group: https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html"
  }
  assert {
    condition     = toset([for f in aws_wafv2_web_acl_logging_configuration.this.redacted_fields : f.single_header[0].name]) == toset(["authorization", "x-api-key", "cookie"])
    error_message = "No key and no token is logged."
  }
  assert {
    condition     = aws_wafv2_web_acl_association.this[0].resource_arn == var.resource_arn
    error_message = "The API's stage is guarded."
  }
}

run "a_distribution_names_its_acl_itself" {
  command = plan

  variables {
    scope        = "CLOUDFRONT"
    resource_arn = null
  }
  assert {
    condition     = length(aws_wafv2_web_acl_association.this) == 0
    error_message = "https://docs.aws.amazon.com/waf/latest/APIReference/API_AssociateWebACL.html: not for CloudFront."
  }
}

run "what_waf_does_not_know_is_refused" {
  command = plan

  variables {
    scope                = "GLOBAL"
    requests_per_address = 9
  }

  expect_failures = [var.scope, var.requests_per_address]
}

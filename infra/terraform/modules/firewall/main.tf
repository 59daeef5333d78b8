# What is refused before it reaches an API or a page: floods from one address, and what AWS knows to be bad.

locals {
  # By priority. A rule that is counted only would refuse what is well: a batch of likes is larger than 8 KB.
  # https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
  # https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-ip-rep.html
  groups = {
    AWSManagedRulesAmazonIpReputationList = { priority = 1, counted = [] }
    AWSManagedRulesKnownBadInputsRuleSet  = { priority = 2, counted = [] }
    AWSManagedRulesCommonRuleSet          = { priority = 3, counted = ["SizeRestrictions_BODY"] }
  }
}

resource "aws_wafv2_web_acl" "this" {
  #checkov:skip=CKV_AWS_192:AWSManagedRulesKnownBadInputsRuleSet is among the dynamic rules, and a test asks for it.
  name        = var.name
  description = "Refuses floods from one address, and what is known to be bad."
  scope       = var.scope

  default_action {
    allow {}
  }

  # Within five minutes. https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based.html
  rule {
    name     = "address"
    priority = 0

    action {
      block {
        custom_response {
          response_code = 429
        }
      }
    }

    statement {
      rate_based_statement {
        limit              = var.requests_per_address
        aggregate_key_type = "IP"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${var.name}-address"
      sampled_requests_enabled   = false # they would show whole addresses
    }
  }

  dynamic "rule" {
    for_each = local.groups

    content {
      name     = rule.key
      priority = rule.value.priority

      override_action {
        none {}
      }

      statement {
        managed_rule_group_statement {
          vendor_name = "AWS"
          name        = rule.key

          dynamic "rule_action_override" {
            for_each = rule.value.counted

            content {
              name = rule_action_override.value

              action_to_use {
                count {}
              }
            }
          }
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "${var.name}-${rule.key}"
        sampled_requests_enabled   = false
      }
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = var.name
    sampled_requests_enabled   = false
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  count        = var.scope == "REGIONAL" ? 1 : 0
  resource_arn = var.resource_arn
  web_acl_arn  = aws_wafv2_web_acl.this.arn
}

# The name has to begin so. https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:With the account's key where a variable asks for one and the group is in its region.
  #checkov:skip=CKV_AWS_338:30 days are enough to find out what went wrong, and what happened to a like stands in the lake.
  name              = "aws-waf-logs-${var.name}"
  retention_in_days = 30
  kms_key_id        = var.key_arn
}

# What was let through is in the access log already. Keys and tokens are nobody's to read.
resource "aws_wafv2_web_acl_logging_configuration" "this" {
  resource_arn            = aws_wafv2_web_acl.this.arn
  log_destination_configs = [aws_cloudwatch_log_group.this.arn]

  dynamic "redacted_fields" {
    for_each = ["authorization", "x-api-key", "cookie"]

    content {
      single_header {
        name = redacted_fields.value
      }
    }
  }

  logging_filter {
    default_behavior = "DROP"

    filter {
      behavior    = "KEEP"
      requirement = "MEETS_ANY"

      condition {
        action_condition {
          action = "BLOCK"
        }
      }

      condition {
        action_condition {
          action = "COUNT"
        }
      }
    }
  }
}

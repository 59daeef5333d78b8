mock_provider "aws" {
  mock_resource "aws_acm_certificate" {
    defaults = { arn = "arn:aws:acm:us-east-1:000000000000:certificate/mock", domain_validation_options = [{ domain_name = "a", resource_record_name = "_a", resource_record_type = "CNAME", resource_record_value = "_b" }] }
  }
}

variables {
  domains = { "likes.example.org" = "Z1" }
}

run "a_name_is_proven_in_its_zone_before_its_certificate_is_used" {
  assert {
    condition     = [for name, c in aws_acm_certificate.this : [name, c.domain_name, c.validation_method]] == [["likes.example.org", "likes.example.org", "DNS"]]
    error_message = "DNS proves it without anybody's mail, and renews it: https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html"
  }
  assert {
    condition     = [for r in aws_route53_record.proof : [r.zone_id, r.name, r.type, one(r.records)]] == [["Z1", "_a", "CNAME", "_b"]]
    error_message = "The record that ACM asks for stands in the zone."
  }
  assert {
    condition     = output.arns == { "likes.example.org" = aws_acm_certificate_validation.this["likes.example.org"].certificate_arn }
    error_message = "Who uses a certificate waits until it is proven."
  }
}

run "without_a_name_there_is_none" {
  variables {
    domains = {}
  }
  assert {
    condition     = output.arns == {} && length(aws_route53_record.proof) == 0
    error_message = "Nothing is asked for."
  }
}

run "an_address_is_no_name" {
  command = plan

  variables {
    domains = { "https://likes.example.org/" = "Z1" }
  }

  expect_failures = [var.domains]
}

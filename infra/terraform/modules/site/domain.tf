# The page under a name of our own, where a zone is given. CloudFront takes certificates of us-east-1 alone.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html

locals {
  domains = var.domain == null ? {} : { (var.domain.name) = var.domain.zone_id }
}

resource "aws_acm_certificate" "this" {
  for_each          = local.domains
  provider          = aws.us_east_1
  domain_name       = each.key
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "proof" {
  for_each        = local.domains
  zone_id         = each.value
  name            = one(aws_acm_certificate.this[each.key].domain_validation_options).resource_record_name
  type            = one(aws_acm_certificate.this[each.key].domain_validation_options).resource_record_type
  records         = [one(aws_acm_certificate.this[each.key].domain_validation_options).resource_record_value]
  ttl             = 300
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "this" {
  for_each                = local.domains
  provider                = aws.us_east_1
  certificate_arn         = aws_acm_certificate.this[each.key].arn
  validation_record_fqdns = [aws_route53_record.proof[each.key].fqdn]
}

resource "aws_route53_record" "this" {
  for_each = merge([for name, zone in local.domains : { for type in ["A", "AAAA"] : type => { name = name, zone = zone } }]...)
  zone_id  = each.value.zone
  name     = each.value.name
  type     = each.key

  alias {
    name                   = aws_cloudfront_distribution.this.domain_name
    zone_id                = aws_cloudfront_distribution.this.hosted_zone_id
    evaluate_target_health = false
  }
}

# CloudFront's own name cannot be switched off; who comes by it is sent to ours.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html
resource "aws_cloudfront_function" "name" {
  for_each = local.domains
  name     = "${var.name}-name"
  comment  = "Sends who comes by another name to ${each.key}."
  runtime  = "cloudfront-js-2.0"
  publish  = true
  code     = <<-JS
    function handler(event) {
      var request = event.request;
      ${indent(6, local.to_our_name)}
      return request;
    }
  JS
}

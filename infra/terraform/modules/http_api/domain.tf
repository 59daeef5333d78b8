# The API under a name of our own, where a zone is given: certificate, name, and no way in by AWS's own name.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-custom-domains.html

locals {
  domains = var.domain == null ? {} : { (var.domain.name) = var.domain.zone_id }
}

resource "aws_acm_certificate" "this" {
  for_each          = local.domains
  domain_name       = each.key
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

# A certificate of one name has one record that proves whose it is.
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
  certificate_arn         = aws_acm_certificate.this[each.key].arn
  validation_record_fqdns = [aws_route53_record.proof[each.key].fqdn]
}

resource "aws_apigatewayv2_domain_name" "this" {
  for_each    = local.domains
  domain_name = each.key

  domain_name_configuration {
    certificate_arn = aws_acm_certificate_validation.this[each.key].certificate_arn
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }
}

resource "aws_apigatewayv2_api_mapping" "this" {
  for_each    = local.domains
  api_id      = aws_apigatewayv2_api.this.id
  domain_name = aws_apigatewayv2_domain_name.this[each.key].id
  stage       = aws_apigatewayv2_stage.this.id
}

resource "aws_route53_record" "this" {
  for_each = merge([for name, zone in local.domains : { for type in ["A", "AAAA"] : type => { name = name, zone = zone } }]...)
  zone_id  = each.value.zone
  name     = each.value.name
  type     = each.key

  alias {
    name                   = one(aws_apigatewayv2_domain_name.this[each.value.name].domain_name_configuration).target_domain_name
    zone_id                = one(aws_apigatewayv2_domain_name.this[each.value.name].domain_name_configuration).hosted_zone_id
    evaluate_target_health = false
  }
}

# The API under a name of our own, where a zone is given: certificate, name, and no way in by AWS's own name.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-custom-domains.html

locals {
  domains = var.domain == null ? {} : { (var.domain.name) = var.domain.zone_id }
}

module "certificate" {
  source  = "../certificate"
  domains = local.domains
}

resource "aws_apigatewayv2_domain_name" "this" {
  for_each    = local.domains
  domain_name = each.key

  domain_name_configuration {
    certificate_arn = module.certificate.arns[each.key]
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

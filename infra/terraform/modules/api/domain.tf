# The API under a name of our own, where a zone is given: certificate, name, and no way in by AWS's own name.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-custom-domains.html

locals {
  domains = var.domain == null ? {} : { (var.domain.name) = var.domain.zone_id }
}

module "certificate" {
  source  = "../certificate"
  domains = local.domains
}

resource "aws_api_gateway_domain_name" "this" {
  for_each                 = local.domains
  domain_name              = each.key
  regional_certificate_arn = module.certificate.arns[each.key]
  security_policy          = "TLS_1_2"

  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

resource "aws_api_gateway_base_path_mapping" "this" {
  for_each    = local.domains
  domain_name = aws_api_gateway_domain_name.this[each.key].domain_name
  api_id      = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
}

resource "aws_route53_record" "this" {
  for_each = merge([for name, zone in local.domains : { for type in ["A", "AAAA"] : type => { name = name, zone = zone } }]...)
  zone_id  = each.value.zone
  name     = each.value.name
  type     = each.key

  alias {
    name                   = aws_api_gateway_domain_name.this[each.value.name].regional_domain_name
    zone_id                = aws_api_gateway_domain_name.this[each.value.name].regional_zone_id
    evaluate_target_health = false
  }
}

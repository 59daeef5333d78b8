# The page under a name of our own, where a zone is given. CloudFront takes certificates of us-east-1 alone.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html

locals {
  domains = var.domain == null ? {} : { (var.domain.name) = var.domain.zone_id }
}

module "certificate" {
  source    = "../certificate"
  providers = { aws = aws.us_east_1 }
  domains   = local.domains
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

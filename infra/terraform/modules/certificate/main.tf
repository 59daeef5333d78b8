# A certificate for each name of ours, proven in the zone that the name is in.
# https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html

resource "aws_acm_certificate" "this" {
  for_each          = var.domains
  domain_name       = each.key
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

# A certificate of one name has one record that proves whose it is.
resource "aws_route53_record" "proof" {
  for_each        = var.domains
  zone_id         = each.value
  name            = one(aws_acm_certificate.this[each.key].domain_validation_options).resource_record_name
  type            = one(aws_acm_certificate.this[each.key].domain_validation_options).resource_record_type
  records         = [one(aws_acm_certificate.this[each.key].domain_validation_options).resource_record_value]
  ttl             = 300
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "this" {
  for_each                = var.domains
  certificate_arn         = aws_acm_certificate.this[each.key].arn
  validation_record_fqdns = [aws_route53_record.proof[each.key].fqdn]
}

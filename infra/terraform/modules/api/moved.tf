# A stage that stands keeps its certificate: made anew at another address, it would be proven anew.
moved {
  from = aws_acm_certificate.this
  to   = module.certificate.aws_acm_certificate.this
}

moved {
  from = aws_route53_record.proof
  to   = module.certificate.aws_route53_record.proof
}

moved {
  from = aws_acm_certificate_validation.this
  to   = module.certificate.aws_acm_certificate_validation.this
}

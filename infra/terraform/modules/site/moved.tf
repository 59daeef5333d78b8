# A stage that stands keeps its settings: made anew at another address, they would be deleted after they were made.
moved {
  from = aws_s3_bucket_policy.this
  to   = module.private.aws_s3_bucket_policy.this[0]
}

moved {
  from = aws_s3_bucket_public_access_block.this
  to   = module.private.aws_s3_bucket_public_access_block.this
}

moved {
  from = aws_s3_bucket_server_side_encryption_configuration.this
  to   = module.private.aws_s3_bucket_server_side_encryption_configuration.this
}

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

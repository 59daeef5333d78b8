# The bucket is private: CloudFront reads it with its own signature, for this distribution only.
module "private" {
  source    = "../private_bucket"
  bucket    = aws_s3_bucket.this
  tls_only  = var.tls_only
  versioned = true
  reader    = { distribution_arn = aws_cloudfront_distribution.this.arn, prefix = "" }
}

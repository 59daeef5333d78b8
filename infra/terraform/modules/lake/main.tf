# The lake: what is stored, how long, and what its tables look like to Athena.

resource "aws_s3_bucket" "lake" {
  bucket        = var.bucket
  force_destroy = var.disposable
}

resource "aws_s3_bucket" "results" {
  bucket        = var.results_bucket
  force_destroy = true # nothing in it that a query does not bring back
}

# An overwritten or deleted object of the lake can be brought back for a week. Query results need no such care.
module "lake_private" {
  source    = "../private_bucket"
  bucket    = aws_s3_bucket.lake
  versioned = true
  tls_only  = var.tls_only
  reader    = var.reports_reader == null ? null : { distribution_arn = var.reports_reader.distribution_arn, prefix = "reports/" }
}

module "results_private" {
  source   = "../private_bucket"
  bucket   = aws_s3_bucket.results
  tls_only = var.tls_only
}

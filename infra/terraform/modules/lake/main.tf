# The lake: what is stored, how long, and what its tables look like to Athena.

resource "aws_s3_bucket" "lake" {
  #checkov:skip=CKV2_AWS_62:Nothing waits for objects: CompactLake lists what is new.
  #checkov:skip=CKV_AWS_18:Server access logs hold readers' whole addresses; CloudTrail's data events tell who read what, where the account has them.
  #checkov:skip=CKV_AWS_144:One region is what the stage promises; another one is another stage.
  #checkov:skip=CKV_AWS_145:Module private_bucket has it, with a customer key where a variable asks for one.
  #checkov:skip=CKV2_AWS_6:Module private_bucket has it.
  #checkov:skip=CKV_AWS_21:Module private_bucket has it where what is lost cannot be made again.
  bucket        = var.bucket
  force_destroy = var.disposable
}

resource "aws_s3_bucket" "results" {
  #checkov:skip=CKV2_AWS_62:Nothing waits for objects: CompactLake lists what is new.
  #checkov:skip=CKV_AWS_18:Server access logs hold readers' whole addresses; CloudTrail's data events tell who read what, where the account has them.
  #checkov:skip=CKV_AWS_144:One region is what the stage promises; another one is another stage.
  #checkov:skip=CKV_AWS_145:Module private_bucket has it, with a customer key where a variable asks for one.
  #checkov:skip=CKV2_AWS_6:Module private_bucket has it.
  #checkov:skip=CKV_AWS_21:Module private_bucket has it where what is lost cannot be made again.
  bucket        = var.results_bucket
  force_destroy = true # nothing in it that a query does not bring back
}

# An overwritten or deleted object of the lake can be brought back for a week. Query results need no such care.
module "lake_private" {
  source    = "../private_bucket"
  bucket    = aws_s3_bucket.lake
  versioned = true
  key_arn   = var.key_arn
  tls_only  = var.tls_only
  reader    = var.reports_reader == null ? null : { distribution_arn = var.reports_reader.distribution_arn, prefix = "reports/" }
}

module "results_private" {
  source   = "../private_bucket"
  bucket   = aws_s3_bucket.results
  key_arn  = var.key_arn
  tls_only = var.tls_only
}

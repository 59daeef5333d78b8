# The lake: what is stored, how long, and what its tables look like to Athena.

locals {
  buckets = {
    lake    = aws_s3_bucket.lake
    results = aws_s3_bucket.results
  }
}

resource "aws_s3_bucket" "lake" {
  bucket        = var.bucket
  force_destroy = var.disposable
}

resource "aws_s3_bucket" "results" {
  bucket        = var.results_bucket
  force_destroy = true # nothing in it that a query does not bring back
}

# An overwritten or deleted object of the lake can be brought back for a week. Query results need no such care.
resource "aws_s3_bucket_versioning" "lake" {
  bucket = aws_s3_bucket.lake.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "lake" {
  count      = var.raw_expires_after_days == null ? 0 : 1
  bucket     = aws_s3_bucket.lake.id
  depends_on = [module.lake_private]

  rule {
    id     = "raw"
    status = "Enabled"

    filter {
      prefix = local.tables["likes_raw"].location
    }

    expiration {
      days = var.raw_expires_after_days
    }
  }

  # RankTrends writes days again until 8 after them, looks back a day from each, and writes an hour that changes each minute.
  rule {
    id     = "rollups"
    status = "Enabled"

    filter {
      prefix = "rollups/"
    }

    expiration {
      days = 10
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }
  }

  # CompactLake looks for copies of a like among those that arrived up to 8 days before.
  rule {
    id     = "ids"
    status = "Enabled"

    filter {
      prefix = "ids/"
    }

    expiration {
      days = 10
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }
  }

  # Long enough to find out what went wrong and to send it again.
  rule {
    id     = "errors"
    status = "Enabled"

    filter {
      prefix = "errors/"
    }

    expiration {
      days = 90
    }
  }

  rule {
    id     = "leftovers"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 7
    }

    expiration {
      expired_object_delete_marker = true
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "results" {
  count  = var.raw_expires_after_days == null ? 0 : 1
  bucket = aws_s3_bucket.results.id

  rule {
    id     = "results"
    status = "Enabled"

    filter {}

    expiration {
      days = 7
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }
}

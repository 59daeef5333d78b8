# What makes a bucket private: nobody can make it public, what it holds is encrypted, plain HTTP is refused, and CloudFront
# alone may be let in.

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = var.bucket.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = var.bucket.id

  rule {
    # With a bucket key S3 asks KMS once for many objects: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
    bucket_key_enabled = var.key_arn == null ? null : true

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.key_arn
    }
  }
}

resource "aws_s3_bucket_versioning" "this" {
  count  = var.versioned ? 1 : 0
  bucket = var.bucket.id

  versioning_configuration {
    status = "Enabled"
  }
}

data "aws_iam_policy_document" "this" {
  source_policy_documents = var.policies

  dynamic "statement" {
    for_each = var.tls_only ? ["tls"] : []

    content {
      sid       = "RefusePlainHttp"
      effect    = "Deny"
      actions   = ["s3:*"]
      resources = [var.bucket.arn, "${var.bucket.arn}/*"]

      principals {
        type        = "*"
        identifiers = ["*"]
      }

      condition {
        test     = "Bool"
        variable = "aws:SecureTransport"
        values   = ["false"]
      }
    }
  }

  # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
  dynamic "statement" {
    for_each = var.reader == null ? [] : [var.reader]

    content {
      sid       = "ReadForTheSite"
      actions   = ["s3:GetObject"]
      resources = ["${var.bucket.arn}/${statement.value.prefix}*"]

      principals {
        type        = "Service"
        identifiers = ["cloudfront.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "AWS:SourceArn"
        values   = [statement.value.distribution_arn]
      }
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  count  = var.tls_only || var.reader != null || length(var.policies) > 0 ? 1 : 0
  bucket = var.bucket.id
  policy = data.aws_iam_policy_document.this.json

  # S3 refuses two changes of a bucket's access at the same time.
  depends_on = [aws_s3_bucket_public_access_block.this]
}

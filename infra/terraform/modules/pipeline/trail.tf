# Who read and wrote which object of the lake, where it is asked for. CloudTrail tells of callers of AWS (functions, people with a
# role), with the addresses they called from; readers of the page come by CloudFront, and have none in it. S3's own access
# logs would tell less, by hours later, and of everybody.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html

locals {
  trail_bucket = "movie-likes-trail-${var.stage}-${local.account}${local.suffix}"
  trail_arn    = "arn:${local.partition}:cloudtrail:${local.regional}:trail/${local.service}"
}

resource "aws_s3_bucket" "trail" {
  #checkov:skip=CKV2_AWS_62:Nothing waits for objects: who wants to know asks.
  #checkov:skip=CKV_AWS_18:It is a log itself.
  #checkov:skip=CKV_AWS_144:One region is what the stage promises; another one is another stage.
  #checkov:skip=CKV_AWS_145:Module private_bucket has it, with a customer key where a variable asks for one.
  #checkov:skip=CKV2_AWS_6:Module private_bucket has it.
  #checkov:skip=CKV_AWS_21:Module private_bucket has it.
  count         = var.trail ? 1 : 0
  bucket        = local.trail_bucket
  force_destroy = var.disposable
}

# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
data "aws_iam_policy_document" "trail" {
  count = var.trail ? 1 : 0

  dynamic "statement" {
    for_each = {
      FindBucket = { action = "s3:GetBucketAcl", place = "" }
      WriteTrail = { action = "s3:PutObject", place = "/AWSLogs/${local.account}/*" }
    }

    content {
      sid       = statement.key
      actions   = [statement.value.action]
      resources = ["${aws_s3_bucket.trail[0].arn}${statement.value.place}"]

      principals {
        type        = "Service"
        identifiers = ["cloudtrail.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceArn"
        values   = [local.trail_arn]
      }
    }
  }
}

module "trail_private" {
  source    = "../private_bucket"
  count     = var.trail ? 1 : 0
  bucket    = aws_s3_bucket.trail[0]
  versioned = true
  key_arn   = local.key_arn
  tls_only  = var.tls_only
  policies  = data.aws_iam_policy_document.trail[*].json
}

resource "aws_s3_bucket_lifecycle_configuration" "trail" {
  count      = var.trail ? 1 : 0
  bucket     = aws_s3_bucket.trail[0].id
  depends_on = [module.trail_private]

  rule {
    id     = "trail"
    status = "Enabled"

    filter {}

    expiration {
      days = 90
    }

    noncurrent_version_expiration {
      noncurrent_days = 7
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }
}

resource "aws_cloudtrail" "lake" {
  #checkov:skip=CKV_AWS_252:Nobody waits for its files.
  #checkov:skip=CKV_AWS_67:The lake is in one region; what is done to the account is another trail's.
  #checkov:skip=CKV2_AWS_10:It would be paid twice; who wants to know asks the files.
  #checkov:skip=CKV_AWS_35:With the account's key where a variable asks for one.
  count                         = var.trail ? 1 : 0
  name                          = local.service
  s3_bucket_name                = aws_s3_bucket.trail[0].id
  kms_key_id                    = local.key_arn
  enable_log_file_validation    = true
  include_global_service_events = false
  is_multi_region_trail         = false

  advanced_event_selector {
    name = "Objects of the lake"

    field_selector {
      field  = "eventCategory"
      equals = ["Data"]
    }

    field_selector {
      field  = "resources.type"
      equals = ["AWS::S3::Object"]
    }

    field_selector {
      field       = "resources.ARN"
      starts_with = ["${local.bucket_arn}/"]
    }
  }

  depends_on = [module.trail_private]
}

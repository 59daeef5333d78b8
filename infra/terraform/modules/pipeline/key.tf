# A key of our own for what holds likes, where a variable asks for it: who may use it can then be told, and taken back.

locals {
  key_arn = one(aws_kms_key.likes[*].arn)
}

# As AWS's own keys for these services: whoever of this account may reach the data may use the key, by that service alone.
# In a key's policy, "*" is the key. https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_109:In the policy of a key, which is the resource, * is that key; who uses it comes by a service, of this account.
  #checkov:skip=CKV_AWS_111:In the policy of a key, which is the resource, * is that key; who uses it comes by a service, of this account.
  #checkov:skip=CKV_AWS_356:In the policy of a key, which is the resource, * is that key; who uses it comes by a service, of this account.
  statement {
    sid       = "LetTheAccountLookAfterIt"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }

  statement {
    sid       = "UseItByTheServicesThatHoldLikes"
    actions   = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:CallerAccount"
      values   = [local.account]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["dynamodb", "kinesis", "s3"] : "${service}.${local.region}.amazonaws.com"]
    }
  }

  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
  statement {
    sid       = "KeepLogs"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${local.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["arn:${local.partition}:logs:${local.regional}:log-group:*"]
    }
  }

  dynamic "statement" {
    for_each = var.trail ? ["trail"] : []

    # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
    content {
      sid       = "KeepTrail"
      actions   = ["kms:DescribeKey", "kms:GenerateDataKey*"]
      resources = ["*"]

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

  # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html#oac-permissions-SSE-KMS
  dynamic "statement" {
    for_each = var.reports_for != "nobody" ? ["reports"] : []

    content {
      sid       = "ShowReports"
      actions   = ["kms:Decrypt"]
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = ["cloudfront.amazonaws.com"]
      }

      # Any of this account: which, the bucket's policy says. The distribution is made after the key.
      condition {
        test     = "ArnLike"
        variable = "AWS:SourceArn"
        values   = ["arn:${local.partition}:cloudfront::${local.account}:distribution/*"]
      }
    }
  }
}

resource "aws_kms_key" "likes" {
  count                   = var.customer_key ? 1 : 0
  description             = "Likes of stage ${var.stage}: stream, lake, tables and logs."
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "likes" {
  count         = var.customer_key ? 1 : 0
  name          = "alias/${local.service}"
  target_key_id = aws_kms_key.likes[0].key_id
}

# A table of locks beside S3's own, where it is asked for: for those who share states with tools that know no other lock. Stages use
# it if LAKE_LOCK_TABLE names it. https://developer.hashicorp.com/terraform/language/backend/s3 (state locking)
resource "aws_dynamodb_table" "locks" {
  #checkov:skip=CKV_AWS_119:It holds who is at work on which state, and is encrypted with DynamoDB's own key.
  count                       = var.lock_table ? 1 : 0
  name                        = local.locks
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "LockID"
  deletion_protection_enabled = true

  attribute {
    name = "LockID"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled = true
  }
}

locals {
  locks     = "movie-likes-terraform-locks"
  locks_arn = "${local.arn}:dynamodb:${local.regional}:table/${local.locks}"
}

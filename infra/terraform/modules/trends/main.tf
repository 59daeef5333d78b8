# Trends on their way: the sums of each batch of likes, how far each shard has come, and the leaderboards.

resource "aws_dynamodb_table" "this" {
  #checkov:skip=CKV_AWS_119:With a customer key where a variable asks for one; it holds no user.
  #checkov:skip=CKV_AWS_28:What is in it lives for hours, and would no longer fit the rollups in S3.
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = !var.disposable

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  # No point-in-time recovery: what is in here lives for hours, and brought back to an earlier time it would no longer
  # fit the rollups in S3.

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.key_arn
  }
}

# The net likes of each movie, and what UpdateCount remembers to count each like once.

resource "aws_dynamodb_table" "this" {
  #checkov:skip=CKV_AWS_119:With a customer key where a variable asks for one; it holds no user.
  name                        = var.name
  billing_mode                = var.capacity == null ? "PAY_PER_REQUEST" : "PROVISIONED"
  write_capacity              = try(var.capacity.writes, null)
  read_capacity               = try(var.capacity.reads, null)
  hash_key                    = "movie_id"
  deletion_protection_enabled = !var.disposable

  attribute {
    name = "movie_id"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.key_arn
  }
}

# A stage that stands keeps its settings: made anew at another address, they would be deleted after they were made.
moved {
  from = aws_s3_bucket_versioning.state
  to   = module.state_private.aws_s3_bucket_versioning.this[0]
}

moved {
  from = aws_s3_bucket_policy.state
  to   = module.state_private.aws_s3_bucket_policy.this[0]
}

moved {
  from = aws_s3_bucket_public_access_block.state
  to   = module.state_private.aws_s3_bucket_public_access_block.this
}

moved {
  from = aws_s3_bucket_server_side_encryption_configuration.state
  to   = module.state_private.aws_s3_bucket_server_side_encryption_configuration.this
}

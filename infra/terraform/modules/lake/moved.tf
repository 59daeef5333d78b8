# A stage that stands keeps its settings: made anew at another address, they would be deleted after they were made.
moved {
  from = aws_s3_bucket_versioning.lake
  to   = module.lake_private.aws_s3_bucket_versioning.this[0]
}

moved {
  from = aws_s3_bucket_policy.this["lake"]
  to   = module.lake_private.aws_s3_bucket_policy.this[0]
}

moved {
  from = aws_s3_bucket_policy.this["results"]
  to   = module.results_private.aws_s3_bucket_policy.this[0]
}

moved {
  from = aws_s3_bucket_public_access_block.this["lake"]
  to   = module.lake_private.aws_s3_bucket_public_access_block.this
}

moved {
  from = aws_s3_bucket_server_side_encryption_configuration.this["lake"]
  to   = module.lake_private.aws_s3_bucket_server_side_encryption_configuration.this
}

moved {
  from = aws_s3_bucket_public_access_block.this["results"]
  to   = module.results_private.aws_s3_bucket_public_access_block.this
}

moved {
  from = aws_s3_bucket_server_side_encryption_configuration.this["results"]
  to   = module.results_private.aws_s3_bucket_server_side_encryption_configuration.this
}

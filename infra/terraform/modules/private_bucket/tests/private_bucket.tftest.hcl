mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
}

variables {
  bucket    = { id = "bucket", arn = "arn:aws:s3:::bucket" }
  versioned = true
  reader    = { distribution_arn = "arn:aws:cloudfront::000000000000:distribution/SITE", prefix = "reports/" }
}

run "a_bucket_is_closed_encrypted_and_read_by_its_distribution_alone" {
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls, aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls, aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "The bucket cannot be made public."
  }
  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    error_message = "The bucket encrypts what it is given."
  }
  assert {
    condition     = output.versioning == "Enabled"
    error_message = "What was overwritten can be brought back."
  }
  assert {
    condition = [
      for s in data.aws_iam_policy_document.this.statement : [s.actions, s.resources, [for p in s.principals : p.identifiers], [for c in s.condition : c.values]] if s.effect != "Deny"
      ] == [
      [toset(["s3:GetObject"]), toset(["arn:aws:s3:::bucket/reports/*"]), [toset(["cloudfront.amazonaws.com"])], [tolist(["arn:aws:cloudfront::000000000000:distribution/SITE"])]],
    ]
    error_message = "The distribution, and no other, reads below the prefix, and nothing else."
  }
  assert {
    condition     = [for s in data.aws_iam_policy_document.this.statement : s.actions if s.effect == "Deny"] == [toset(["s3:*"])] && length(aws_s3_bucket_policy.this) == 1
    error_message = "The bucket refuses plain HTTP."
  }
}

run "an_emulator_s_bucket_takes_plain_http_and_has_no_policy" {
  variables {
    versioned = false
    tls_only  = false
    reader    = null
  }
  assert {
    condition     = length(aws_s3_bucket_policy.this) == 0 && output.versioning == null
    error_message = "Nothing is refused, and nobody let in."
  }
}

run "a_prefix_that_would_let_in_more_is_refused" {
  command = plan

  variables {
    reader = { distribution_arn = "arn:aws:cloudfront::000000000000:distribution/SITE", prefix = "reports" }
  }

  expect_failures = [var.reader]
}

run "a_key_of_our_own_encrypts_and_is_asked_for_seldom" {
  command = plan

  variables {
    key_arn = "arn:aws:kms:us-east-1:000000000000:key/mock"
  }
  assert {
    condition     = [for r in aws_s3_bucket_server_side_encryption_configuration.this.rule : [r.apply_server_side_encryption_by_default[0].sse_algorithm, r.apply_server_side_encryption_by_default[0].kms_master_key_id, r.bucket_key_enabled]] == [["aws:kms", var.key_arn, true]]
    error_message = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html"
  }
}

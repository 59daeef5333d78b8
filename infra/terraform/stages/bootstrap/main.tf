# What an account needs once in a region, before the first stage: where Terraform keeps its states. A state is locked by an
# object beside it (use_lockfile), and where asked for in a table, too (locks.tf).

# The bucket is there before Terraform is: its own state lies in it (infra/terraform/states.py).
import {
  to = aws_s3_bucket.state
  id = var.bucket
}

resource "aws_s3_bucket" "state" {
  #checkov:skip=CKV2_AWS_62:Nothing waits for states.
  #checkov:skip=CKV_AWS_18:Server access logs hold whole addresses; CloudTrail's data events tell who read a state.
  #checkov:skip=CKV_AWS_144:A state that is lost is made again by an apply.
  #checkov:skip=CKV_AWS_145:SSE-S3 by module private_bucket; a state holds names, no likes.
  #checkov:skip=CKV2_AWS_61:Each version of a state may be needed, and they are small.
  bucket = var.bucket

  lifecycle {
    prevent_destroy = true
  }
}

module "state_private" {
  source    = "../../modules/private_bucket"
  bucket    = aws_s3_bucket.state
  versioned = true
}

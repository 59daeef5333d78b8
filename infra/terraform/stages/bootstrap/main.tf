# What an account needs once in a region, before the first stage: where Terraform keeps its states. A state is locked by an
# object beside it (use_lockfile), so there is no table of locks.

# The bucket is there before Terraform is: its own state lies in it (infra/terraform/states.py).
import {
  to = aws_s3_bucket.state
  id = var.bucket
}

resource "aws_s3_bucket" "state" {
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

# What an account needs once, before the first stage: where Terraform keeps its states. A state is locked by an object
# beside it (use_lockfile), so there is no table of locks.

data "aws_caller_identity" "current" {}

resource "aws_s3_bucket" "state" {
  bucket = "movie-likes-terraform-${data.aws_caller_identity.current.account_id}"

  lifecycle {
    prevent_destroy = true
  }
}

module "state_private" {
  source    = "../../modules/private_bucket"
  bucket    = aws_s3_bucket.state
  versioned = true
}

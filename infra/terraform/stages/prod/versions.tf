terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0" # exactly: see "The provider" in infra/terraform/README.md
    }
  }

  # The bucket is what stages/bootstrap looks after; infra/terraform/runner.py tells its name.
  backend "s3" {
    key          = "prod/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

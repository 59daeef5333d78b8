terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # The state of what holds the states has no better place than this folder. Lost, it is imported again: it is one
  # bucket and one role.
  backend "local" {}
}

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
      # What CloudFront is given is made there, whatever the region of the stage.
      configuration_aliases = [aws.us_east_1]
    }
  }
}

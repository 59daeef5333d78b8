# Region and credentials come from the environment, as everywhere in AWS.
provider "aws" {
  default_tags {
    tags = {
      Project = "movie-likes"
      Stage   = "test"
    }
  }
}

# CloudFront is given what is made there: https://docs.aws.amazon.com/waf/latest/developerguide/cloudfront-features.html
provider "aws" {
  alias  = "us_east_1"
  region = "us-east-1"

  default_tags {
    tags = {
      Project = "movie-likes"
      Stage   = "test"
    }
  }
}

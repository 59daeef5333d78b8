# Region and credentials come from the environment, as everywhere in AWS.
provider "aws" {
  default_tags {
    tags = {
      Project = "movie-likes"
      Stage   = "bootstrap"
    }
  }
}

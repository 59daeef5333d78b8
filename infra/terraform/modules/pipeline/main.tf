# The whole pipeline of one stage, a file a step. Names and ARNs are worked out here, so that what only has to know of
# another part need not wait until that is made.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  region    = data.aws_region.current.name
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  regional  = "${local.region}:${local.account}"

  # What an account has once, in whatever region: roles, buckets, and what CloudFront has by name.
  suffix = var.regional_names ? "-${local.region}" : ""
  global = "movie-likes-${var.stage}${local.suffix}"

  # Functions and page that were deployed together are known by it: `lake rollback` goes back to all of them.
  release = substr(sha256(join("", concat(
    [for file in concat([var.package], values(var.layers)) : filesha256(file)],
    [module.site.files_hash],
  ))), 0, 12)

  stream         = "MovieLikesStream-${var.stage}"
  counts         = "MovieLikesTable-${var.stage}"
  trends         = "MovieTrendsTable-${var.stage}"
  consumer       = "trends"
  archive        = "MovieLikesArchive-${var.stage}"
  service        = "movie-likes-${var.stage}"
  bucket         = "raw-likes-bucket-${var.stage}-${local.account}${local.suffix}"
  results_bucket = "athena-results-bucket-${var.stage}-${local.account}${local.suffix}"
  site_bucket    = "movie-likes-site-${var.stage}-${local.account}${local.suffix}"

  stream_arn = "arn:${local.partition}:kinesis:${local.regional}:stream/${local.stream}"
  counts_arn = "arn:${local.partition}:dynamodb:${local.regional}:table/${local.counts}"
  trends_arn = "arn:${local.partition}:dynamodb:${local.regional}:table/${local.trends}"
  bucket_arn = "arn:${local.partition}:s3:::${local.bucket}"

  api_url            = var.api_address == null ? one(concat(module.api[*].url, module.http_api[*].url)) : format(var.api_address, local.api_id)
  results_bucket_arn = "arn:${local.partition}:s3:::${local.results_bucket}"
  site_bucket_arn    = "arn:${local.partition}:s3:::${local.site_bucket}"
}

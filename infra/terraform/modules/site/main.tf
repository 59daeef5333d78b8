# The page with the Like button: what it is made of. Nothing is built; the files are what the browser gets.

locals {
  pages = "${path.module}/../../../page"

  files_hash = sha256(join("", [for file in sort(fileset(local.pages, "*")) : filesha256("${local.pages}/${file}")]))

  types = {
    css  = "text/css; charset=utf-8"
    html = "text/html; charset=utf-8"
    js   = "text/javascript; charset=utf-8"
    svg  = "image/svg+xml"
  }

  # What the page cannot know before Terraform has run. Its films are not of these: `lake apply`, `lake up` and
  # `lake movies load` write films.json, from the table movies.
  made = {
    "config.json" = jsonencode({ api = var.api_url })
  }

  # A browser asks each time whether it is still so (mostly 304), the edge each minute: the files of one version fit one
  # another only.
  cache_control = "max-age=0, must-revalidate, s-maxage=60"
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV2_AWS_62:Nothing waits for objects: CompactLake lists what is new.
  #checkov:skip=CKV_AWS_18:Server access logs hold readers' whole addresses; CloudTrail's data events tell who read what, where the account has them.
  #checkov:skip=CKV_AWS_144:One region is what the stage promises; another one is another stage.
  #checkov:skip=CKV_AWS_145:Module private_bucket has it, with a customer key where a variable asks for one.
  #checkov:skip=CKV2_AWS_6:Module private_bucket has it.
  #checkov:skip=CKV_AWS_21:Module private_bucket has it, so that there is a way back.
  bucket        = var.bucket
  force_destroy = true # nothing in it that the next apply does not bring back
}

resource "aws_s3_object" "page" {
  for_each      = fileset(local.pages, "*")
  bucket        = aws_s3_bucket.this.bucket
  key           = each.value
  source        = "${local.pages}/${each.value}"
  etag          = filemd5("${local.pages}/${each.value}")
  content_type  = local.types[reverse(split(".", each.value))[0]]
  cache_control = local.cache_control
  metadata      = { release = var.release }

  # Only what is put into a bucket that keeps versions is one.
  depends_on = [module.private]
}

resource "aws_s3_object" "made" {
  for_each      = local.made
  bucket        = aws_s3_bucket.this.bucket
  key           = each.key
  content       = each.value
  etag          = md5(each.value)
  content_type  = "application/json"
  cache_control = local.cache_control
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  count      = var.versions_expire ? 1 : 0
  bucket     = aws_s3_bucket.this.id
  depends_on = [module.private]

  rule {
    id     = "versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 90
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }
}

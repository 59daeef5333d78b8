# The page with the Like button, and its API address; and, where they are published, the lake's reports.

module "site" {
  source   = "../site"
  name     = local.global
  bucket   = local.site_bucket
  api_url  = local.api_url
  reports  = var.reports_for == "nobody" ? null : { domain_name = module.lake.domain_name, secret = var.reports_for == "link", link = var.reports_link }
  tls_only = var.tls_only
  release  = local.release
  logged   = var.site_log

  versions_expire = var.raw_expires_after_days != null

  domain      = var.domain
  web_acl_arn = one(module.site_firewall[*].arn)
  providers   = { aws = aws, aws.us_east_1 = aws.us_east_1 }
}

module "site_firewall" {
  source               = "../firewall"
  count                = var.requests_per_address == null ? 0 : 1
  name                 = "${local.global}-site"
  scope                = "CLOUDFRONT"
  requests_per_address = var.requests_per_address
  providers            = { aws = aws.us_east_1 }
}

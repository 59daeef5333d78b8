# The page with the Like button, and its API address; and, where they are published, the lake's reports.

module "site" {
  source   = "../site"
  name     = local.global
  bucket   = local.site_bucket
  api_url  = local.api_url
  reports  = var.publish_reports ? { domain_name = module.lake.domain_name } : null
  tls_only = var.tls_only

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

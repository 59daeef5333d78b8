# The page with the Like button, and its API address; and, where they are published, the lake's reports.

module "site" {
  source   = "../site"
  name     = local.global
  bucket   = local.site_bucket
  api_url  = local.api_url
  reports  = var.publish_reports ? { domain_name = module.lake.domain_name } : null
  tls_only = var.tls_only
}

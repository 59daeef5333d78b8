module "lake" {
  source                 = "../lake"
  stage                  = var.stage
  bucket                 = local.bucket
  results_bucket         = local.results_bucket
  disposable             = var.disposable
  raw_expires_after_days = var.raw_expires_after_days
  tls_only               = var.tls_only
  key_arn                = local.key_arn
  reports_reader         = var.reports_for != "nobody" ? { distribution_arn = module.site.distribution_arn } : null
}

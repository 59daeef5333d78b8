# What a stage that is not disposable must not lose by an apply: Terraform refuses any plan that would remove or replace one
# of these. A lifecycle takes no variable, so this resource stands for them: it is replaced if one of them is, and may not be.
# Firehose is among them, because a new one reads the stream from its own first moment on (LATEST).
# https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle (prevent_destroy)
resource "terraform_data" "protected" {
  count = var.disposable ? 0 : 1

  triggers_replace = {
    lake     = module.lake.bucket_arn
    stream   = module.stream.arn
    delivery = module.delivery.arn
    counts   = module.counts.arn
    trends   = module.trends.arn
  }

  lifecycle {
    prevent_destroy = true
  }
}

# What was asked of the page, and what was answered: CloudFront's standard logs of version 2, whose fields are chosen. Readers'
# addresses, what they send of themselves (user agent, referrer, cookies) and query strings are left out. CloudFront hands
# them over in us-east-1 alone. A link to reports is a secret of its readers, so paths are left out where there is one.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html

locals {
  log_fields = concat(
    ["date", "time", "x-edge-location", "cs-method"],
    length(terraform_data.secret) > 0 ? [] : ["cs-uri-stem"],
    ["sc-status", "sc-bytes", "time-taken", "cs-protocol", "ssl-protocol", "x-edge-result-type", "sc-content-type"],
  )
}

resource "aws_cloudwatch_log_group" "access" {
  #checkov:skip=CKV_AWS_158:A key of the stage's region cannot be used in us-east-1; a line names nobody.
  #checkov:skip=CKV_AWS_338:30 days are enough to find out what went wrong.
  count             = var.logged ? 1 : 0
  provider          = aws.us_east_1
  name              = "/aws/vendedlogs/cloudfront/${var.name}"
  retention_in_days = 30
}

resource "aws_cloudwatch_log_delivery_source" "access" {
  count        = var.logged ? 1 : 0
  provider     = aws.us_east_1
  name         = var.name
  log_type     = "ACCESS_LOGS"
  resource_arn = aws_cloudfront_distribution.this.arn
}

resource "aws_cloudwatch_log_delivery_destination" "access" {
  count         = var.logged ? 1 : 0
  provider      = aws.us_east_1
  name          = var.name
  output_format = "json"

  delivery_destination_configuration {
    destination_resource_arn = aws_cloudwatch_log_group.access[0].arn
  }
}

resource "aws_cloudwatch_log_delivery" "access" {
  count                    = var.logged ? 1 : 0
  provider                 = aws.us_east_1
  delivery_source_name     = aws_cloudwatch_log_delivery_source.access[0].name
  delivery_destination_arn = aws_cloudwatch_log_delivery_destination.access[0].arn
  record_fields            = local.log_fields
}

output "bucket" {
  description = "Name of the bucket that the pages lie in."
  value       = aws_s3_bucket.this.bucket
}

output "files_hash" {
  description = "Hash of the page's files."
  value       = local.files_hash
}

output "url" {
  description = "Address of the page."
  value       = "https://${var.domain == null ? aws_cloudfront_distribution.this.domain_name : var.domain.name}"
}

output "reports_url" {
  description = "Base of the addresses of reports; empty where they are not shown."
  value       = var.reports == null ? "" : "https://${var.domain == null ? aws_cloudfront_distribution.this.domain_name : var.domain.name}/reports/${join("", [for id in local.secrets : "${id}/"])}"
}

output "distribution_id" {
  description = "CloudFront's id of the site."
  value       = aws_cloudfront_distribution.this.id
}

output "distribution_arn" {
  description = "ARN of the site's distribution, which a bucket that it shows has to let in."
  value       = aws_cloudfront_distribution.this.arn
}

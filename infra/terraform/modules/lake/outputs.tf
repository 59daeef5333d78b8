output "bucket" {
  description = "Name of the lake's bucket."
  value       = aws_s3_bucket.lake.bucket
}

output "bucket_arn" {
  description = "ARN of the lake's bucket."
  value       = aws_s3_bucket.lake.arn
}

output "domain_name" {
  description = "Where the lake's bucket answers in its region."
  value       = aws_s3_bucket.lake.bucket_regional_domain_name
}

output "results_bucket" {
  description = "Name of the bucket that Athena writes results to."
  value       = aws_s3_bucket.results.bucket
}

output "database" {
  description = "Name of the Glue database."
  value       = aws_glue_catalog_database.this.name
}

output "raw_table" {
  description = "Name of the Glue table whose columns Firehose writes."
  value       = aws_glue_catalog_table.this["likes_raw"].name
}

output "raw_prefix" {
  description = "Where in the bucket the raw table lies, with its closing slash."
  value       = local.tables["likes_raw"].location
}

output "likes_prefix" {
  description = "Where in the bucket the likes table lies, with its closing slash."
  value       = local.tables["likes"].location
}

output "rejected_prefix" {
  description = "Where in the bucket the rejected table lies, with its closing slash."
  value       = local.tables["rejected"].location
}

output "trends_prefix" {
  description = "Where in the bucket the trends table lies, with its closing slash."
  value       = local.tables["trends"].location
}

output "audit_prefix" {
  description = "Where in the bucket the audit table lies, with its closing slash."
  value       = local.tables["audit"].location
}

output "workgroup" {
  description = "Name of the Athena workgroup."
  value       = aws_athena_workgroup.this.name
}

output "versioning" {
  description = "Status of versioning; null where nothing is kept but the last version. Rules on old versions come after it."
  value       = one([for v in aws_s3_bucket_versioning.this : v.versioning_configuration[0].status])
}

output "statements" {
  description = "The statements of the bucket's policy."
  value       = data.aws_iam_policy_document.this.statement
}

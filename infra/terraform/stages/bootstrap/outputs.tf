output "state_bucket" {
  description = "Bucket of the other stages' states."
  value       = aws_s3_bucket.state.bucket
}

output "deployers" {
  description = "ARNs of the roles that GitHub's workflows take, by what they may do."
  value       = { for name, role in aws_iam_role.deployer : name => role.arn }
}

output "lock_table" {
  description = "DynamoDB table of locks, for LAKE_LOCK_TABLE; null: there is none."
  value       = one(aws_dynamodb_table.locks[*].name)
}

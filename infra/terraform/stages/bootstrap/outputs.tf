output "state_bucket" {
  description = "Bucket of the other stages' states."
  value       = aws_s3_bucket.state.bucket
}

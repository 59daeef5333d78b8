output "name" {
  description = "Name of the table."
  value       = aws_dynamodb_table.this.name
}

output "arn" {
  description = "ARN of the table."
  value       = aws_dynamodb_table.this.arn
}

output "consumer_arn" {
  description = "ARN of the stream's consumer, which ends with the second it was made in; null: the stream is asked."
  value       = one(aws_kinesis_stream_consumer.this[*].arn)
}

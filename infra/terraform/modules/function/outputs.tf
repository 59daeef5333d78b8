output "name" {
  description = "Name of the function, stage included."
  value       = aws_lambda_function.this.function_name
}

output "arn" {
  description = "ARN of the alias by which the function is called."
  value       = aws_lambda_alias.live.arn
}

output "qualifier" {
  description = "Name of the alias by which the function is called."
  value       = aws_lambda_alias.live.name
}

output "invoke_arn" {
  description = "ARN by which API Gateway calls the function."
  value       = aws_lambda_alias.live.invoke_arn
}

output "dead_letters_arn" {
  description = "ARN of the queue of what the function gave up on."
  value       = aws_sqs_queue.dead_letters.arn
}

output "role_name" {
  description = "Name of the function's role."
  value       = aws_iam_role.this.name
}

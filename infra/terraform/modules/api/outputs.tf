output "id" {
  description = "API Gateway's id of the API."
  value       = aws_api_gateway_rest_api.this.id
}

output "url" {
  description = "Base of every address, stage included, without a closing slash."
  value       = var.domain == null ? aws_api_gateway_stage.this.invoke_url : "https://${var.domain.name}"
}

output "stage_arn" {
  description = "ARN of the API's stage, which a web ACL guards."
  value       = aws_api_gateway_stage.this.arn
}

output "log_group" {
  description = "Log group of the API's access log: a line of JSON a request, with `stage` and `status`."
  value       = aws_cloudwatch_log_group.access.name
}

output "id" {
  description = "API Gateway's id of the API."
  value       = aws_apigatewayv2_api.this.id
}

output "url" {
  description = "Base of every address, stage included, without a closing slash."
  value       = var.domain == null ? aws_apigatewayv2_stage.this.invoke_url : "https://${var.domain.name}"
}

output "log_group" {
  description = "Log group of the API's access log: a line of JSON a request, with `stage` and `status`."
  value       = aws_cloudwatch_log_group.access.name
}

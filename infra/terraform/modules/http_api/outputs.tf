output "id" {
  description = "API Gateway's id of the API."
  value       = aws_apigatewayv2_api.this.id
}

output "url" {
  description = "Base of every address, stage included, without a closing slash."
  value       = var.domain == null ? aws_apigatewayv2_stage.this.invoke_url : "https://${var.domain.name}"
}

output "id" {
  description = "API Gateway's id of the API."
  value       = aws_api_gateway_rest_api.this.id
}

output "url" {
  description = "Base of every address, stage included, without a closing slash."
  value       = aws_api_gateway_stage.this.invoke_url
}

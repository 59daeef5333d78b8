# What API Gateway refuses by itself, so that no function runs for it. What a like must hold is the function's to say.

resource "aws_api_gateway_request_validator" "this" {
  for_each = {
    body       = { body = true, parameters = false }
    parameters = { body = false, parameters = true }
  }
  rest_api_id                 = aws_api_gateway_rest_api.this.id
  name                        = each.key
  validate_request_body       = each.value.body
  validate_request_parameters = each.value.parameters
}

resource "aws_api_gateway_model" "likes" {
  rest_api_id  = aws_api_gateway_rest_api.this.id
  name         = "Likes"
  description  = "One like, or several."
  content_type = "application/json"
  schema = jsonencode({
    "$schema" = "http://json-schema.org/draft-04/schema#"
    title     = "Likes"
    type      = ["object", "array"]
  })
}

# Which request goes to which function, and what it must hold to get that far.

locals {
  routes = {
    "POST /likes" = {
      path       = "/likes"
      method     = "POST"
      function   = var.ingest
      parameters = {}
      model      = aws_api_gateway_model.likes.name
      validator  = "body"
    }
    # A browser asks before it sends JSON to another origin.
    "OPTIONS /likes" = {
      path       = "/likes"
      method     = "OPTIONS"
      function   = var.ingest
      parameters = {}
      model      = null
      validator  = null
    }
    "GET /likes" = {
      path       = "/likes"
      method     = "GET"
      function   = var.read
      parameters = { "method.request.querystring.movie_ids" = true }
      model      = null
      validator  = "parameters"
    }
    "GET /movies/{movie_id}/likes" = {
      path       = "/movies/{movie_id}/likes"
      method     = "GET"
      function   = var.read
      parameters = { "method.request.path.movie_id" = true }
      model      = null
      validator  = "parameters"
    }
    "OPTIONS /movies/{movie_id}/likes" = {
      path       = "/movies/{movie_id}/likes"
      method     = "OPTIONS"
      function   = var.read
      parameters = { "method.request.path.movie_id" = true }
      model      = null
      validator  = null
    }
    # Which window and how many is the function's to check: neither has to be given.
    "GET /trends" = {
      path     = "/trends"
      method   = "GET"
      function = var.read
      parameters = {
        "method.request.querystring.window" = false
        "method.request.querystring.limit"  = false
      }
      model     = null
      validator = null
    }
    # Even to read a browser asks first, where it sends the ETag it has.
    "OPTIONS /trends" = {
      path       = "/trends"
      method     = "OPTIONS"
      function   = var.read
      parameters = {}
      model      = null
      validator  = null
    }
  }

  paths = {
    "/likes"                   = aws_api_gateway_resource.likes.id
    "/movies/{movie_id}/likes" = aws_api_gateway_resource.movie_likes.id
    "/trends"                  = aws_api_gateway_resource.trends.id
  }
}

resource "aws_api_gateway_resource" "likes" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_rest_api.this.root_resource_id
  path_part   = "likes"
}

resource "aws_api_gateway_resource" "movies" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_rest_api.this.root_resource_id
  path_part   = "movies"
}

resource "aws_api_gateway_resource" "movie" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_resource.movies.id
  path_part   = "{movie_id}"
}

resource "aws_api_gateway_resource" "movie_likes" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_resource.movie.id
  path_part   = "likes"
}

resource "aws_api_gateway_resource" "trends" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_rest_api.this.root_resource_id
  path_part   = "trends"
}

resource "aws_api_gateway_method" "this" {
  for_each             = local.routes
  rest_api_id          = aws_api_gateway_rest_api.this.id
  resource_id          = local.paths[each.value.path]
  http_method          = each.value.method
  authorization        = each.key == "POST /likes" ? local.authorization : "NONE"
  authorizer_id        = each.key == "POST /likes" ? one(aws_api_gateway_authorizer.users[*].id) : null
  api_key_required     = each.key == "POST /likes" && var.writers.mode == "api_key"
  request_parameters   = each.value.parameters
  request_models       = each.value.model == null ? {} : { "application/json" = each.value.model }
  request_validator_id = each.value.validator == null ? null : aws_api_gateway_request_validator.this[each.value.validator].id
}

resource "aws_api_gateway_integration" "function" {
  for_each                = local.routes
  rest_api_id             = aws_api_gateway_rest_api.this.id
  resource_id             = local.paths[each.value.path]
  http_method             = aws_api_gateway_method.this[each.key].http_method
  type                    = "AWS_PROXY"
  integration_http_method = "POST"
  uri                     = each.value.function.invoke_arn
}

resource "aws_lambda_permission" "route" {
  for_each      = local.routes
  action        = "lambda:InvokeFunction"
  function_name = each.value.function.name
  qualifier     = each.value.function.qualifier
  principal     = "apigateway.amazonaws.com"
  # A path's variable is a star in the ARN of a request.
  source_arn = "${aws_api_gateway_rest_api.this.execution_arn}/${var.stage}/${each.value.method}${replace(each.value.path, "{movie_id}", "*")}"

  # Made at another qualifier, it is there before what calls by it, and the old one goes last.
  lifecycle {
    create_before_destroy = true
  }
}

# One Lambda function with all that every function needs: a role, a log, a dead-letter queue, alarms.

locals {
  name = "${var.name}-${var.stage}"
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_116:What fails asynchronously goes to the destination in dead_letters.tf.
  #checkov:skip=CKV_AWS_117:It calls AWS's own endpoints alone, and holds nothing that a network could guard better than its role.
  #checkov:skip=CKV_AWS_272:The zip is built from pinned, hashed wheels, and a plan that is applied names its hash.
  #checkov:skip=CKV_AWS_173:Its variables are names, no secrets.
  function_name    = local.name
  description      = var.description
  role             = aws_iam_role.this.arn
  runtime          = "python3.13"
  architectures    = ["arm64"]
  handler          = var.handler
  layers           = var.layers
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  memory_size      = var.memory_mb
  timeout          = var.timeout_seconds
  publish          = true

  reserved_concurrent_executions = var.reserved_executions

  # PassThrough is Lambda's own: what a caller traces is traced, and nothing else.
  # https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
  tracing_config {
    mode = var.traced ? "Active" : "PassThrough"
  }

  ephemeral_storage {
    size = var.ephemeral_mb
  }

  environment {
    variables = merge(var.environment, {
      POWERTOOLS_SERVICE_NAME      = var.name
      POWERTOOLS_METRICS_NAMESPACE = "MovieLikes"
      POWERTOOLS_LOG_LEVEL         = var.log_share < 1 ? "WARNING" : "INFO"
      LAKE_STAGE                   = var.stage   # a dimension of metrics
      LAKE_RELEASE                 = var.release # by which `lake rollback` finds the versions that belong together
      }, var.log_share < 1 ? {
      # A call that is drawn logs all it has to say.
      # https://docs.aws.amazon.com/powertools/python/latest/core/logger/#sampling-debug-logs
      POWERTOOLS_LOGGER_SAMPLE_RATE = tostring(var.log_share)
    } : {})
  }

  logging_config {
    # Powertools writes JSON lines itself.
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.this.name
  }

  depends_on = [aws_iam_role_policy.this]
}

# Whoever calls the function calls the version that this names. `lake rollback` has it name an older one, and the next apply
# the newest again. https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "The version that is called."
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:With the account's key where a variable asks for one; a line names neither user nor address.
  #checkov:skip=CKV_AWS_338:30 days are enough to find out what went wrong, and what happened to a like stands in the lake.
  name              = "/aws/lambda/${local.name}"
  retention_in_days = 30
  kms_key_id        = var.key_arn
}

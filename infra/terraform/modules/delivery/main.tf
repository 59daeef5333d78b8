# From the stream to Parquet files: Firehose gathers, ArchiveLikes makes rows, Firehose converts and writes them.

resource "aws_kinesis_firehose_delivery_stream" "this" {
  name        = var.name
  destination = "extended_s3"

  kinesis_source_configuration {
    kinesis_stream_arn = var.stream_arn
    role_arn           = aws_iam_role.this.arn
  }

  extended_s3_configuration {
    role_arn            = aws_iam_role.this.arn
    bucket_arn          = var.bucket_arn
    prefix              = "${var.prefix}arrival_day=!{timestamp:yyyy-MM-dd}/arrival_hour=!{timestamp:HH}/"
    error_output_prefix = "errors/!{firehose:error-output-type}/day=!{timestamp:yyyy-MM-dd}/"
    buffering_interval  = var.buffer_seconds
    # Raw files are bounded by it. Conversion needs 64 at least, 128 is the most.
    # https://docs.aws.amazon.com/firehose/latest/APIReference/API_BufferingHints.html
    buffering_size = 128
    # The Parquet writer compresses; a second time would hide the format.
    compression_format = "UNCOMPRESSED"

    processing_configuration {
      enabled = true

      # Only what differs from Firehose's defaults: the others show as a change in every plan.
      # https://docs.aws.amazon.com/firehose/latest/APIReference/API_ProcessorParameter.html
      processors {
        type = "Lambda"

        parameters {
          parameter_name  = "LambdaArn"
          parameter_value = var.function_arn
        }
        # A call may return 6 MB, and rows are larger than the likes they come from, most of all short ones.
        parameters {
          parameter_name  = "BufferSizeInMBs"
          parameter_value = "0.2"
        }
        # Whoever hints at a size hints at an interval, too: no document says that one will do without the other. Between
        # 0 and 900 seconds. https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
        parameters {
          parameter_name  = "BufferIntervalInSeconds"
          parameter_value = "90"
        }
        # After these, a batch goes to errors/processing-failed and the stream is read on. Three, the default, is one
        # throttled minute of the account. No document names the most.
        parameters {
          parameter_name  = "NumberOfRetries"
          parameter_value = "10"
        }
      }
    }

    data_format_conversion_configuration {
      input_format_configuration {
        deserializer {
          open_x_json_ser_de {}
        }
      }

      output_format_configuration {
        serializer {
          # Snappy is all Firehose offers beside GZIP; compaction writes zstd.
          parquet_ser_de {
            compression = "SNAPPY"
          }
        }
      }

      schema_configuration {
        role_arn      = aws_iam_role.this.arn
        database_name = var.database
        table_name    = var.table
      }
    }

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = aws_cloudwatch_log_group.this.name
      log_stream_name = aws_cloudwatch_log_stream.this.name
    }
  }

  # Firehose tries the stream with the role when it is made.
  depends_on = [aws_iam_role_policy.this]

  lifecycle {
    # UTC, always. The emulator does not tell it, which would show as a change in every plan.
    ignore_changes = [extended_s3_configuration[0].custom_time_zone]
  }
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:With the account's key where a variable asks for one; a line names neither user nor address.
  #checkov:skip=CKV_AWS_338:30 days are enough to find out what went wrong, and what happened to a like stands in the lake.
  name              = "/aws/kinesisfirehose/${var.name}"
  retention_in_days = 30
  kms_key_id        = var.key_arn
}

resource "aws_cloudwatch_log_stream" "this" {
  name           = "delivery"
  log_group_name = aws_cloudwatch_log_group.this.name
}

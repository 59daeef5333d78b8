# Where analysts ask. What is set here holds for everyone, whatever their client asks for.
resource "aws_athena_workgroup" "this" {
  name          = "movie-likes-${var.stage}"
  description   = "Questions to the movie likes of stage ${var.stage}."
  force_destroy = true # what it holds is the history of queries

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    # Athena stops a query there: 100 GiB cost half a dollar, and are a query that forgot its partition.
    bytes_scanned_cutoff_per_query = 100 * 1024 * 1024 * 1024

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location = "s3://${aws_s3_bucket.results.bucket}/results/"

      encryption_configuration {
        encryption_option = var.key_arn == null ? "SSE_S3" : "SSE_KMS"
        kms_key_arn       = var.key_arn
      }
    }
  }
}

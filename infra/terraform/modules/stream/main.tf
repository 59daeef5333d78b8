# The stream every accepted like is on before its sender is answered.

resource "aws_kinesis_stream" "this" {
  name             = var.name
  retention_period = var.retention_hours
  encryption_type  = "KMS"
  kms_key_id       = coalesce(var.key_arn, "alias/aws/kinesis")

  # On demand: shards follow the load by themselves, so nobody reshards by hand.
  stream_mode_details {
    stream_mode = "ON_DEMAND"
  }
}

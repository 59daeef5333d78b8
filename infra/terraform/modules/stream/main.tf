# The stream every accepted like is on before its sender is answered.

resource "aws_kinesis_stream" "this" {
  name             = var.name
  retention_period = var.retention_hours
  encryption_type  = "KMS"
  kms_key_id       = coalesce(var.key_arn, "alias/aws/kinesis")

  # On demand, shards follow the load by themselves. Bought by the hour they cost a third of that for a load that one
  # shard takes, and nobody adds one but who changes the variable. AWS changes the mode of a stream that stands.
  # https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html
  shard_count = var.shards

  stream_mode_details {
    stream_mode = var.shards == null ? "ON_DEMAND" : "PROVISIONED"
  }
}

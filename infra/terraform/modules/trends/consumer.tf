# A reader with 2 MB a second of each shard for itself, which the stream pushes likes to: enhanced fan-out.
# https://docs.aws.amazon.com/streams/latest/dev/enhanced-consumers.html
resource "aws_kinesis_stream_consumer" "this" {
  count      = var.fan_out ? 1 : 0
  name       = var.consumer
  stream_arn = var.stream_arn
}

module "stream" {
  source          = "../stream"
  name            = local.stream
  retention_hours = var.stream_retention_hours
  shards          = var.capacity.shards
  key_arn         = local.key_arn
  alarm_topic     = local.alarm_topic
}

locals {
  # What a mapping does on the stream with the role of its function.
  # https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
  read_stream = [
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
  ]
}

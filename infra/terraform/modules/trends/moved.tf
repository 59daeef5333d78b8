# A stage that stands keeps its consumer: another one would read the stream from its start.
moved {
  from = aws_kinesis_stream_consumer.this
  to   = aws_kinesis_stream_consumer.this[0]
}

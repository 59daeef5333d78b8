# Healthy? Late? Correct? From top to bottom, a row each; what is wrong stands out against a line that it should not cross.

locals {
  # A row: what it asks, and its graphs. A graph: its title, the metrics of each line, and the line it should stay below.
  dashboard = [
    { title = "Healthy? Requests are answered, and nothing fails", graphs = [
      { title = "Requests, and those answered with an error", stat = "Sum", line = null, metrics = concat(
        [for metric in var.http_api ? ["Count", "4xx", "5xx"] : ["Count", "4XXError", "5XXError"] : concat(["AWS/ApiGateway", metric], var.http_api ? ["ApiId", local.api_id] : ["ApiName", local.service], ["Stage", var.stage])],
        [["MovieLikes", "RequestsThrottled", "stage", var.stage]],
      ) },
      { title = "Calls of functions that failed", stat = "Sum", line = 0, metrics = [for name in local.function_names : ["AWS/Lambda", "Errors", "FunctionName", name]] },
      { title = "Calls that the account had no room for", stat = "Sum", line = 0, metrics = [for name in local.function_names : ["AWS/Lambda", "Throttles", "FunctionName", name]] },
    ] },
    { title = "Late? What is behind, and by how much", graphs = [
      { title = "Counts and trends behind the stream, in ms", stat = "Maximum", line = 300000, metrics = [for name in [module.count.name, module.track.name] : ["AWS/Lambda", "IteratorAge", "FunctionName", name]] },
      { title = "Oldest row that is not delivered, in s", stat = "Maximum", line = var.delivery_seconds + 900, metrics = [["AWS/Firehose", "DeliveryToS3.DataFreshness", "DeliveryStreamName", local.archive]] },
      { title = "Slowest reader of the stream, in ms", stat = "Maximum", line = var.stream_retention_hours * 900000, metrics = [["AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", "StreamName", local.stream]] },
    ] },
    { title = "Correct? What was accepted is counted, archived and compacted", graphs = [
      { title = "Likes accepted, counted, archived, compacted", stat = "Sum", line = null, metrics = [
        for metric, service in { LikesAccepted = "IngestLike", LikesCounted = "UpdateCount", LikesArchived = "ArchiveLikes", LikesCompacted = "CompactLake" } :
        ["MovieLikes", metric, "service", service, "stage", var.stage]
      ] },
      { title = "Likes rejected, and records that could not be delivered", stat = "Sum", line = 0, metrics = [
        ["MovieLikes", "LikesRejected", "service", "ArchiveLikes", "stage", var.stage],
        ["MovieLikes", "RecordsFailed", "service", "ArchiveLikes", "stage", var.stage],
        ["AWS/Firehose", "FailedConversion.Records", "DeliveryStreamName", local.archive],
      ] },
      { title = "What differs, is missing, could not be merged, and dead letters", stat = "Maximum", line = 0, metrics = concat(
        [for metric, service in { Differences = "Audit", TrendSumsMissing = "RankTrends", RawObjectsFailed = "CompactLake" } : ["MovieLikes", metric, "service", service, "stage", var.stage]],
        [for name in local.function_names : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "${name}-dead-letters"]],
      ) },
    ] },
  ]
  function_names = [for step in [module.ingest, module.count, module.archive, module.read, module.track, module.rank, module.compact, module.report, module.audit] : step.name]
}

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
resource "aws_cloudwatch_dashboard" "this" {
  count          = var.alarms ? 1 : 0
  dashboard_name = local.service

  dashboard_body = jsonencode({
    widgets = flatten([for row, asked in local.dashboard : concat(
      [{ type = "text", x = 0, y = row * 7, width = 24, height = 1, properties = { markdown = "## ${asked.title}" } }],
      [for column, graph in asked.graphs : {
        type = "metric", x = column * 8, y = row * 7 + 1, width = 8, height = 6
        properties = {
          title       = graph.title, region = local.region, stat = graph.stat, period = 60, view = "timeSeries", metrics = graph.metrics
          annotations = { horizontal = graph.line == null ? [] : [{ value = graph.line }] }
        }
      }],
    )])
  })
}

# What those need who work with the stage: infra/stage.py reads it.
output "stage" {
  description = "Addresses and names of the stage's parts."
  value = {
    # Base of every address of the HTTP API, stage included, without a closing slash.
    api_url = local.api_url
    # Bucket of the lake.
    bucket = module.lake.bucket
    # Bucket that Athena writes results to.
    results_bucket = module.lake.results_bucket
    # Bucket that the site's pages lie in.
    site_bucket = module.site.bucket
    # CloudFront's id of the site.
    site_distribution = module.site.distribution_id
    # Address of the page with the Like button.
    site_url = module.site.url
    # Base of the addresses of reports at the site; empty where nobody reads them there.
    reports_url = module.site.reports_url
    # Kinesis stream that every accepted like is on.
    stream_name = module.stream.name
    # DynamoDB table of the net likes of each movie.
    counts_table = module.counts.name
    # DynamoDB table of the sums of batches, and of the leaderboards.
    trends_table = module.trends.name
    # ARN of the stream's consumer that trends are read from; empty where they are read from the stream itself.
    consumer_arn = module.trends.consumer_arn == null ? "" : module.trends.consumer_arn
    # Firehose stream that archives likes.
    firehose_name = module.delivery.name
    # Event bus that other services announce likes on.
    event_bus = module.bus.name
    # Glue database of the lake's tables.
    glue_database = module.lake.database
    # Athena workgroup to ask in.
    athena_workgroup = module.lake.workgroup
    # Who may send likes: open, api_key, iam or jwt.
    writers = var.writers.mode
    # Lambda function of each step.
    function_names = {
      ingest  = module.ingest.name
      count   = module.count.name
      archive = module.archive.name
      read    = module.read.name
      track   = module.track.name
      rank    = module.rank.name
      compact = module.compact.name
      audit   = module.audit.name
      report  = module.report.name
    }
  }
}

output "api_url" {
  description = "Base of every address of the HTTP API, stage included, without a closing slash."
  value       = local.api_url
}

output "bucket" {
  description = "Bucket of the lake."
  value       = module.lake.bucket
}

output "results_bucket" {
  description = "Bucket that Athena writes results to."
  value       = module.lake.results_bucket
}

output "site_bucket" {
  description = "Bucket that the site's pages lie in."
  value       = module.site.bucket
}

output "site_distribution" {
  description = "CloudFront's id of the site."
  value       = module.site.distribution_id
}

output "site_url" {
  description = "Address of the page with the Like button."
  value       = module.site.url
}

output "stream_name" {
  description = "Kinesis stream that every accepted like is on."
  value       = module.stream.name
}

output "counts_table" {
  description = "DynamoDB table of the net likes of each movie."
  value       = module.counts.name
}

output "trends_table" {
  description = "DynamoDB table of the sums of batches, and of the leaderboards."
  value       = module.trends.name
}

output "consumer_arn" {
  description = "ARN of the stream's consumer that trends are read from."
  value       = module.trends.consumer_arn
}

output "firehose_name" {
  description = "Firehose stream that archives likes."
  value       = module.delivery.name
}

output "event_bus" {
  description = "Event bus that other services announce likes on."
  value       = module.bus.name
}

output "glue_database" {
  description = "Glue database of the lake's tables."
  value       = module.lake.database
}

output "athena_workgroup" {
  description = "Athena workgroup to ask in."
  value       = module.lake.workgroup
}

output "function_names" {
  description = "Lambda function of each step."
  value = {
    ingest  = module.ingest.name
    count   = module.count.name
    archive = module.archive.name
    read    = module.read.name
    track   = module.track.name
    rank    = module.rank.name
    compact = module.compact.name
    report  = module.report.name
  }
}

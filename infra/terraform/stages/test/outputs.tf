output "api_url" {
  description = "Base of every address of the HTTP API, without a closing slash."
  value       = module.pipeline.api_url
}

output "bucket" {
  description = "Bucket of the lake."
  value       = module.pipeline.bucket
}

output "results_bucket" {
  description = "Bucket that Athena writes results to."
  value       = module.pipeline.results_bucket
}

output "site_bucket" {
  description = "Bucket that the site's pages lie in."
  value       = module.pipeline.site_bucket
}

output "site_distribution" {
  description = "CloudFront's id of the site."
  value       = module.pipeline.site_distribution
}

output "site_url" {
  description = "Address of the page with the Like button."
  value       = module.pipeline.site_url
}

output "stream_name" {
  description = "Kinesis stream that every accepted like is on."
  value       = module.pipeline.stream_name
}

output "counts_table" {
  description = "DynamoDB table of the net likes of each movie."
  value       = module.pipeline.counts_table
}

output "trends_table" {
  description = "DynamoDB table of the sums of batches, and of the leaderboards."
  value       = module.pipeline.trends_table
}

output "consumer_arn" {
  description = "ARN of the stream's consumer that trends are read from."
  value       = module.pipeline.consumer_arn
}

output "firehose_name" {
  description = "Firehose stream that archives likes."
  value       = module.pipeline.firehose_name
}

output "event_bus" {
  description = "Event bus that other services announce likes on."
  value       = module.pipeline.event_bus
}

output "glue_database" {
  description = "Glue database of the lake's tables."
  value       = module.pipeline.glue_database
}

output "athena_workgroup" {
  description = "Athena workgroup to ask in."
  value       = module.pipeline.athena_workgroup
}

output "function_names" {
  description = "Lambda function of each step."
  value       = module.pipeline.function_names
}

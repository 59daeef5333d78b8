output "stage" {
  description = "Addresses and names of the stage's parts, as modules/pipeline/outputs.tf tells each."
  value       = module.pipeline.stage
}

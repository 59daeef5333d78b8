output "arns" {
  description = "ARNs of the certificates by name, once AWS has seen the proof."
  value       = { for name, proven in aws_acm_certificate_validation.this : name => proven.certificate_arn }
}

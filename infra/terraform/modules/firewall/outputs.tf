output "arn" {
  description = "ARN of the web ACL, which a CloudFront distribution names itself."
  value       = aws_wafv2_web_acl.this.arn
}

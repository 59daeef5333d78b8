# CloudFront: the pages at /, the lake's reports at /reports/, over HTTPS only.

locals {
  origins = merge(
    { pages = { domain_name = aws_s3_bucket.this.bucket_regional_domain_name, path = "*" } },
    var.reports == null ? {} : { reports = { domain_name = var.reports.domain_name, path = "/reports/*" } },
  )
}

resource "aws_cloudfront_origin_access_control" "this" {
  name                              = var.name
  description                       = "Signs what CloudFront asks S3 for."
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

# How long the edge keeps what does not say so itself, as reports do not: so a new one shows within a minute.
resource "aws_cloudfront_cache_policy" "this" {
  name        = var.name
  min_ttl     = 0
  default_ttl = 60
  max_ttl     = 300

  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_brotli = true
    enable_accept_encoding_gzip   = true

    cookies_config {
      cookie_behavior = "none"
    }

    headers_config {
      header_behavior = "none"
    }

    query_strings_config {
      query_string_behavior = "none"
    }
  }
}

resource "aws_cloudfront_distribution" "this" {
  #checkov:skip=CKV_AWS_86:Its legacy log holds readers' whole addresses; log.tf has that of version 2 without, where a variable asks for it.
  #checkov:skip=CKV_AWS_374:Films are liked everywhere.
  #checkov:skip=CKV_AWS_310:One region is what the stage promises.
  #checkov:skip=CKV2_AWS_47:Module pipeline hands it an ACL with that rule group where a variable asks for it, as prod does.
  comment             = var.name
  aliases             = keys(local.domains)
  web_acl_id          = var.web_acl_arn
  enabled             = true
  is_ipv6_enabled     = true
  http_version        = "http2and3"
  default_root_object = "index.html"
  price_class         = "PriceClass_100"
  wait_for_deployment = false # CloudFront takes minutes to tell its edges; nothing here has to wait for that

  dynamic "origin" {
    for_each = local.origins

    content {
      origin_id                = origin.key
      domain_name              = origin.value.domain_name
      origin_access_control_id = aws_cloudfront_origin_access_control.this.id
    }
  }

  default_cache_behavior {
    target_origin_id           = "pages"
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    cache_policy_id            = aws_cloudfront_cache_policy.this.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this["pages"].id

    dynamic "function_association" {
      for_each = aws_cloudfront_function.name

      content {
        event_type   = "viewer-request"
        function_arn = function_association.value.arn
      }
    }
  }

  dynamic "ordered_cache_behavior" {
    for_each = { for name, origin in local.origins : name => origin if name != "pages" }

    content {
      path_pattern               = ordered_cache_behavior.value.path
      target_origin_id           = ordered_cache_behavior.key
      viewer_protocol_policy     = "redirect-to-https"
      allowed_methods            = ["GET", "HEAD"]
      cached_methods             = ["GET", "HEAD"]
      compress                   = true
      cache_policy_id            = aws_cloudfront_cache_policy.this.id
      response_headers_policy_id = aws_cloudfront_response_headers_policy.this[ordered_cache_behavior.key].id

      dynamic "function_association" {
        for_each = length(aws_cloudfront_function.reports) > 0 ? { reports = aws_cloudfront_function.reports[0] } : aws_cloudfront_function.name

        content {
          event_type   = "viewer-request"
          function_arn = function_association.value.arn
        }
      }
    }
  }

  # S3 says 403 of what is not there to whoever may not list, which CloudFront may not.
  dynamic "custom_error_response" {
    for_each = [403, 404]

    content {
      error_code            = custom_error_response.value
      response_code         = 404
      response_page_path    = "/404.html"
      error_caching_min_ttl = 10
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  # CloudFront's own name has CloudFront's own certificate, and with it TLS 1.0 cannot be turned off.
  # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html
  viewer_certificate {
    cloudfront_default_certificate = var.domain == null
    acm_certificate_arn            = one(values(module.certificate.arns))
    ssl_support_method             = var.domain == null ? null : "sni-only"
    minimum_protocol_version       = var.domain == null ? null : "TLSv1.2_2021"
  }
}

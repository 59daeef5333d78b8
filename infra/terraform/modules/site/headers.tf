# What every answer tells the browser to refuse. infra/site sends the same on a laptop: it reads these policies.

locals {
  # The pages have their scripts and styles in files, and talk to the API. A report is one file with its style in it, and
  # runs nothing.
  content_policies = {
    pages = join("; ", [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      "connect-src 'self' ${regex("^https?://[^/]+", var.api_url)}",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ])
    reports = join("; ", [
      "default-src 'none'",
      "style-src 'unsafe-inline'",
      "img-src 'self' data:",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ])
  }
}

resource "aws_cloudfront_response_headers_policy" "this" {
  #checkov:skip=CKV_AWS_259:A year, for this name alone: what is below it and in browsers' lists is its owner's to say.
  for_each = local.content_policies
  name     = "${var.name}-${each.key}"

  security_headers_config {
    content_security_policy {
      content_security_policy = each.value
      override                = true
    }

    content_type_options {
      override = true
    }

    frame_options {
      frame_option = "DENY"
      override     = true
    }

    referrer_policy {
      referrer_policy = "no-referrer"
      override        = true
    }

    strict_transport_security {
      access_control_max_age_sec = 31536000
      override                   = true
    }
  }
  custom_headers_config {
    items {
      header   = "Cross-Origin-Opener-Policy"
      value    = "same-origin"
      override = true
    }
  }

  # What S3 tells of itself is nobody's business.
  remove_headers_config {
    items {
      header = "Server"
    }
  }
}

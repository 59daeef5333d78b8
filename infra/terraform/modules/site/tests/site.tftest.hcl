mock_provider "aws" {
  alias = "us_east_1"

  mock_resource "aws_acm_certificate" {
    defaults = { arn = "arn:aws:acm:us-east-1:000000000000:certificate/mock", domain_validation_options = [{ domain_name = "a", resource_record_name = "_a", resource_record_type = "CNAME", resource_record_value = "_b" }] }
  }
  mock_resource "aws_acm_certificate_validation" {
    defaults = { certificate_arn = "arn:aws:acm:us-east-1:000000000000:certificate/mock" }
  }
  mock_resource "aws_wafv2_web_acl" {
    defaults = { arn = "arn:aws:wafv2:us-east-1:000000000000:global/webacl/mock/mock" }
  }
  mock_resource "aws_cloudwatch_log_delivery_destination" {
    defaults = { arn = "arn:aws:logs:us-east-1:000000000000:delivery-destination:mock" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:000000000000:log-group:aws-waf-logs-mock" }
  }
}

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_resource "aws_cloudfront_function" {
    defaults = { arn = "arn:aws:cloudfront::000000000000:function/mock" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::movie-likes-site-test-000000000000", bucket_regional_domain_name = "movie-likes-site-test-000000000000.s3.us-east-1.amazonaws.com" }
  }
  mock_resource "aws_cloudfront_distribution" {
    defaults = { arn = "arn:aws:cloudfront::000000000000:distribution/SITE", domain_name = "d111.cloudfront.net" }
  }
}

variables {
  name     = "movie-likes-test"
  bucket   = "movie-likes-site-test-000000000000"
  release  = "0123456789ab"
  api_url  = "https://abc.execute-api.us-east-1.amazonaws.com/test"
  reports  = { domain_name = "raw-likes-bucket-test-000000000000.s3.us-east-1.amazonaws.com" }
  tls_only = true
}

run "the_site_is_private_to_its_distribution_which_speaks_https_alone" {
  assert {
    condition = [
      for s in module.private.statements : [s.actions, [for p in s.principals : p.identifiers], [for c in s.condition : c.values]] if s.effect != "Deny"
      ] == [
      [toset(["s3:GetObject"]), [toset(["cloudfront.amazonaws.com"])], [tolist(["arn:aws:cloudfront::000000000000:distribution/SITE"])]],
    ]
    error_message = "This distribution, and nobody else, reads the bucket."
  }
  assert {
    condition     = length([for s in module.private.statements : s if s.effect == "Deny"]) == 1
    error_message = "The bucket refuses plain HTTP."
  }
  assert {
    condition     = alltrue([for o in aws_cloudfront_distribution.this.origin : o.origin_access_control_id == aws_cloudfront_origin_access_control.this.id]) && aws_cloudfront_origin_access_control.this.signing_behavior == "always"
    error_message = "Everything that is asked of S3 is signed."
  }
  assert {
    condition = alltrue([
      for b in concat(aws_cloudfront_distribution.this.default_cache_behavior, aws_cloudfront_distribution.this.ordered_cache_behavior) :
      b.viewer_protocol_policy == "redirect-to-https" && b.compress && b.allowed_methods == toset(["GET", "HEAD"])
    ])
    error_message = "Pages are read over HTTPS, compressed, and that is all."
  }
  assert {
    condition     = [for b in aws_cloudfront_distribution.this.ordered_cache_behavior : [b.path_pattern, b.target_origin_id]] == [["/reports/*", "reports"]] && aws_cloudfront_distribution.this.default_cache_behavior[0].target_origin_id == "pages"
    error_message = "Reports come from the lake, and everything else from the site's own bucket."
  }
  assert {
    condition     = aws_cloudfront_distribution.this.default_root_object == "index.html" && { for e in aws_cloudfront_distribution.this.custom_error_response : e.error_code => [e.response_code, e.response_page_path] } == { 403 = [404, "/404.html"], 404 = [404, "/404.html"] }
    error_message = "The first page is there, and what is not there is said in words."
  }
}

run "the_browser_is_told_what_to_refuse" {
  assert {
    condition = alltrue([
      for part in ["default-src 'none'", "script-src 'self'", "connect-src 'self' https://abc.execute-api.us-east-1.amazonaws.com", "frame-ancestors 'none'"] :
      contains(split("; ", aws_cloudfront_response_headers_policy.this["pages"].security_headers_config[0].content_security_policy[0].content_security_policy), part)
    ])
    error_message = "Pages run their own scripts, and talk to the API alone."
  }
  assert {
    condition     = !strcontains(aws_cloudfront_response_headers_policy.this["reports"].security_headers_config[0].content_security_policy[0].content_security_policy, "script-src")
    error_message = "Reports run nothing."
  }
  assert {
    condition = alltrue([
      for p in aws_cloudfront_response_headers_policy.this :
      p.security_headers_config[0].strict_transport_security[0].access_control_max_age_sec >= 31536000 &&
      p.security_headers_config[0].content_type_options[0].override &&
      one(p.custom_headers_config[0].items).value == "same-origin" &&
      p.security_headers_config[0].referrer_policy[0].referrer_policy == "no-referrer"
    ])
    error_message = "HTTPS is kept to, types are not guessed, and addresses are not passed on."
  }
}

run "reports_may_be_for_who_has_a_link_that_nobody_can_guess" {
  variables {
    reports = { domain_name = "raw-likes-bucket-test-000000000000.s3.us-east-1.amazonaws.com", secret = true }
  }
  assert {
    condition     = can(regex("^https://d111.cloudfront.net/reports/[0-9a-f]{32}/$", output.reports_url)) && strcontains(aws_cloudfront_function.reports[0].code, "\"/reports/${local.secret}/\"")
    error_message = "A part of the path has 122 random bits, and is asked for: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html"
  }
  assert {
    condition     = [for b in aws_cloudfront_distribution.this.ordered_cache_behavior : [for a in b.function_association : a.event_type]] == [["viewer-request"]] && length(aws_cloudfront_distribution.this.default_cache_behavior[0].function_association) == 0
    error_message = "What is kept at the edge is shown to nobody else."
  }
}

run "the_link_to_reports_stays_from_one_apply_to_the_next" {
  variables {
    reports = { domain_name = "raw-likes-bucket-test-000000000000.s3.us-east-1.amazonaws.com", secret = true }
  }
  assert {
    condition     = output.reports_url == run.reports_may_be_for_who_has_a_link_that_nobody_can_guess.reports_url
    error_message = "Who has the link keeps it."
  }
}

run "another_link_takes_the_place_of_one_that_got_about" {
  variables {
    reports = { domain_name = "raw-likes-bucket-test-000000000000.s3.us-east-1.amazonaws.com", secret = true, link = "2" }
  }
  assert {
    condition     = output.reports_url != run.reports_may_be_for_who_has_a_link_that_nobody_can_guess.reports_url
    error_message = "The old link leads nowhere."
  }
}

run "a_log_tells_what_was_asked_and_not_by_whom" {
  variables {
    logged  = true
    reports = { domain_name = "raw-likes-bucket-test-000000000000.s3.us-east-1.amazonaws.com", secret = true }
  }
  assert {
    condition     = length(setintersection(aws_cloudwatch_log_delivery.access[0].record_fields, ["c-ip", "c-port", "x-forwarded-for", "cs(User-Agent)", "cs(Referer)", "cs(Cookie)", "cs-uri-query", "asn", "c-country", "cs-uri-stem"])) == 0
    error_message = "Neither readers nor the link to reports are in it: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html"
  }
  assert {
    condition     = aws_cloudwatch_log_group.access[0].retention_in_days == 30 && startswith(aws_cloudwatch_log_group.access[0].name, "/aws/vendedlogs/")
    error_message = "It is kept for 30 days: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html"
  }
}

run "what_is_served_is_what_lies_in_the_folder_and_what_terraform_knows" {
  assert {
    condition     = toset(keys(aws_s3_object.page)) == fileset("../../../page", "**") && contains(keys(aws_s3_object.page), "index.html")
    error_message = "Every file is served."
  }
  assert {
    condition     = aws_s3_object.page["app.js"].content_type == "text/javascript; charset=utf-8" && aws_s3_object.page["app.js"].etag == filemd5("../../../page/app.js")
    error_message = "Files have their types, and a changed one is applied."
  }
  assert {
    condition     = jsondecode(aws_s3_object.made["config.json"].content) == { api = "https://abc.execute-api.us-east-1.amazonaws.com/test" }
    error_message = "The page is told where the API is."
  }
  assert {
    condition     = !contains(concat(keys(aws_s3_object.page), keys(aws_s3_object.made)), "films.json")
    error_message = "The films that the page shows are the table's, which an apply leaves alone."
  }
  assert {
    condition     = alltrue([for o in merge(aws_s3_object.page, aws_s3_object.made) : strcontains(o.cache_control, "must-revalidate")])
    error_message = "Nobody is left with half of an older version."
  }
  assert {
    condition     = output.url == "https://d111.cloudfront.net"
    error_message = "The address is CloudFront's."
  }
}

run "without_reports_nothing_of_the_lake_is_shown" {
  variables {
    reports  = null
    tls_only = false
  }
  assert {
    condition     = length(aws_cloudfront_distribution.this.ordered_cache_behavior) == 0 && length(aws_cloudfront_distribution.this.origin) == 1
    error_message = "The site is its own bucket."
  }
  assert {
    condition     = alltrue([for s in module.private.statements : s.effect != "Deny"])
    error_message = "Plain HTTP is let in."
  }
}

run "a_name_with_capitals_and_an_address_with_a_closing_slash_are_refused" {
  command = plan

  variables {
    name    = "Movie Likes"
    api_url = "https://abc.execute-api.us-east-1.amazonaws.com/test/"
  }

  expect_failures = [var.name, var.api_url]
}

run "a_name_of_our_own_has_its_certificate_and_no_old_tls" {
  command = plan

  variables {
    domain      = { name = "likes.example.org", zone_id = "Z1" }
    web_acl_arn = "arn:aws:wafv2:us-east-1:000000000000:global/webacl/movie-likes/mock"
  }
  assert {
    condition     = aws_cloudfront_distribution.this.aliases == toset(["likes.example.org"]) && one(aws_cloudfront_distribution.this.viewer_certificate).minimum_protocol_version == "TLSv1.2_2021"
    error_message = "TLS 1.2 at least: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html"
  }
  assert {
    condition     = toset([for r in aws_route53_record.this : r.type]) == toset(["A", "AAAA"]) && output.url == "https://likes.example.org"
    error_message = "The name leads to the page, by IPv6, too."
  }
  assert {
    condition     = alltrue([for b in concat(aws_cloudfront_distribution.this.default_cache_behavior, aws_cloudfront_distribution.this.ordered_cache_behavior) : one(b.function_association).event_type == "viewer-request"])
    error_message = "Who comes by CloudFront's own name, which cannot be switched off, is sent to ours."
  }
  assert {
    condition     = aws_cloudfront_distribution.this.web_acl_id == var.web_acl_arn
    error_message = "A distribution names its web ACL itself: https://docs.aws.amazon.com/waf/latest/APIReference/API_AssociateWebACL.html"
  }
}

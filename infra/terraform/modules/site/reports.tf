# Reports that are for who has the link alone lie under a part of the path that nobody can guess: 122 random bits. They rest
# in the lake under names that tell their day, and the edge knows which part leads there.

# Made once, and kept in the state; another text of `link` makes another one.
resource "terraform_data" "secret" {
  count            = try(var.reports.secret, false) ? 1 : 0
  input            = uuid()
  triggers_replace = [var.reports.link]

  lifecycle {
    ignore_changes = [input]
  }
}

locals {
  secrets = [for one in terraform_data.secret : replace(one.output, "-", "")]
  secret  = one(local.secrets)

  # Who comes by another name than ours is sent to it.
  to_our_name = join("", [for name in keys(local.domains) : <<-JS
    if (!request.headers.host || request.headers.host.value !== ${jsonencode(name)}) {
      return { statusCode: 301, statusDescription: "Moved Permanently", headers: { location: { value: ${jsonencode("https://${name}")} + request.uri } } };
    }
  JS
  ])
}

# CloudFront asks this before it looks at what it keeps, so nothing is shown without the link.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html
resource "aws_cloudfront_function" "reports" {
  count   = length(terraform_data.secret)
  name    = "${var.name}-reports"
  comment = "Shows reports to who has the link."
  runtime = "cloudfront-js-2.0"
  publish = true
  code    = <<-JS
    function handler(event) {
      var request = event.request;
      var link = ${jsonencode("/reports/${local.secret}/")};
      ${indent(6, local.to_our_name)}
      if (request.uri.slice(0, link.length) !== link) {
        return { statusCode: 404, statusDescription: "Not Found" };
      }
      request.uri = "/reports/" + request.uri.slice(link.length);
      return request;
    }
  JS
}

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "000000000000" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
}

# It is imported, which mocks cannot be.
override_resource {
  target = aws_s3_bucket.state
}

variables {
  bucket = "movie-likes-terraform-000000000000-eu-west-1"
}

run "nobody_deploys_from_github_unless_a_repository_is_named" {
  command = plan

  assert {
    condition     = length(aws_iam_role.deployer) == 0 && length(aws_iam_openid_connect_provider.github) == 0
    error_message = "No door stands open that nobody asked for."
  }
}

run "a_pull_request_plans_and_an_environment_applies" {
  command = plan

  variables {
    repository = "cinema/likes"
  }
  assert {
    condition = { for name, d in local.deployers : name => d.subjects } == {
      planner  = ["repo:cinema/likes:pull_request", "repo:cinema/likes:ref:refs/heads/main"]
      deployer = ["repo:cinema/likes:environment:test", "repo:cinema/likes:environment:prod"]
    }
    error_message = "Who applies ran in an environment, which somebody approved: https://docs.github.com/en/actions/reference/security/oidc"
  }
  assert {
    condition = alltrue(flatten([for s in data.aws_iam_policy_document.deployer["planner"].statement : [
      for action in s.actions : can(regex(":(Get|List|Describe|View|GET)", action)) || contains(["s3:PutObject", "s3:DeleteObject"], action)
    ]]))
    error_message = "A plan reads, but for the state and its lock."
  }
  assert {
    condition     = [for s in data.aws_iam_policy_document.deployer["deployer"].statement : [for c in s.condition : c.variable] if s.sid == "HandRolesToServices"] == [["iam:PassedToService"]]
    error_message = "Roles are for services: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"
  }
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html and those of CloudFront and EventBridge
  assert {
    condition = alltrue([for a in ["cloudfront:CreateOriginAccessControl", "cloudtrail:DescribeTrails", "events:PutPermission", "kms:CreateKey", "kms:ListAliases", "sns:GetSubscriptionAttributes", "sns:Unsubscribe"] : anytrue([
      for s in data.aws_iam_policy_document.deployer["deployer"].statement : s.sid == "WhatTakesNoResource" && contains(s.actions, a)
    ])])
    error_message = "What takes no resource is not allowed by a wildcard on named ones."
  }
  assert {
    condition     = alltrue([for s in data.aws_iam_policy_document.deployer["deployer"].statement : s.sid == "WhatTakesNoResource" || !contains(s.resources, "*")])
    error_message = "Every other statement names its resources."
  }
}

run "a_repository_without_its_owner_is_refused" {
  command = plan

  variables {
    repository = "likes"
  }

  expect_failures = [var.repository]
}

run "a_table_of_locks_is_there_if_asked_for" {
  command = plan

  variables {
    lock_table = true
    repository = "cinema/likes"
  }
  assert {
    condition     = [for t in aws_dynamodb_table.locks : [t.name, t.hash_key, t.deletion_protection_enabled]] == [["movie-likes-terraform-locks", "LockID", true]]
    error_message = "Terraform locks by an item LockID: https://developer.hashicorp.com/terraform/language/backend/s3"
  }
  assert {
    condition     = alltrue([for d in data.aws_iam_policy_document.deployer : contains(flatten([for s in d.statement : tolist(s.resources)]), local.locks_arn)])
    error_message = "Who plans locks, too."
  }
}

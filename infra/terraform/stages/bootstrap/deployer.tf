# Who applies stages from GitHub Actions, without keys that last: its runs prove who they are with a token of GitHub's.
# https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  account  = data.aws_caller_identity.current.account_id
  arn      = "arn:${data.aws_partition.current.partition}"
  regional = "${data.aws_region.current.name}:${local.account}"
  github   = "token.actions.githubusercontent.com"

  # Runs that may plan read alone; runs of an environment, which somebody approved, may apply.
  deployers = var.repository == null ? {} : {
    planner  = { subjects = ["repo:${var.repository}:pull_request", "repo:${var.repository}:ref:refs/heads/main"], verbs = ["read"] }
    deployer = { subjects = [for stage in ["test", "prod"] : "repo:${var.repository}:environment:${stage}"], verbs = ["read", "write"] }
  }

  # What stages are made of, by service: what is done, and to what.
  services = {
    s3 = {
      read      = ["s3:Get*", "s3:List*"]
      write     = ["s3:CreateBucket", "s3:Delete*", "s3:Put*"]
      resources = [for bucket in ["movie-likes-*", "raw-likes-bucket-*", "athena-results-bucket-*"] : "${local.arn}:s3:::${bucket}"]
    }
    iam = {
      read      = ["iam:Get*", "iam:List*"]
      write     = ["iam:CreateRole", "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:PutRolePolicy", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole"]
      resources = [for role in local.roles : "${local.arn}:iam::${local.account}:role/${role}"]
    }
    functions = {
      read  = ["lambda:Get*", "lambda:List*", "logs:ListTagsForResource", "logs:DescribeLogStreams", "logs:DescribeMetricFilters", "logs:GetDelivery*"]
      write = ["lambda:Add*", "lambda:Create*", "lambda:Delete*", "lambda:Publish*", "lambda:Put*", "lambda:Remove*", "lambda:Tag*", "lambda:Untag*", "lambda:Update*", "logs:Create*", "logs:Delete*", "logs:Put*", "logs:Tag*", "logs:Untag*"]
      resources = concat(
        [for function in local.functions : "${local.arn}:lambda:${local.regional}:function:${function}"],
        ["${local.arn}:lambda:${local.regional}:layer:movie-likes-*", "${local.arn}:lambda:${local.regional}:event-source-mapping:*"],
        [for group in ["/aws/lambda/*", "/aws/kinesisfirehose/MovieLikes*", "/aws/apigateway/movie-likes-*", "/aws/vendedlogs/cloudfront/movie-likes-*", "aws-waf-logs-movie-likes-*"] : "${local.arn}:logs:*:${local.account}:log-group:${group}"],
      )
    }
    data = {
      read  = ["kinesis:Describe*", "kinesis:List*", "firehose:Describe*", "firehose:List*", "dynamodb:Describe*", "dynamodb:List*", "glue:Get*", "athena:Get*", "athena:ListTags*"]
      write = ["kinesis:AddTags*", "kinesis:Create*", "kinesis:Delete*", "kinesis:Deregister*", "kinesis:Increase*", "kinesis:Decrease*", "kinesis:Register*", "kinesis:RemoveTags*", "kinesis:StartStreamEncryption", "kinesis:Tag*", "kinesis:Update*", "firehose:Create*", "firehose:Delete*", "firehose:Tag*", "firehose:Untag*", "firehose:Update*", "dynamodb:CreateTable", "dynamodb:DeleteTable", "dynamodb:Tag*", "dynamodb:Untag*", "dynamodb:Update*", "glue:Create*", "glue:Delete*", "glue:Tag*", "glue:Update*", "athena:Create*", "athena:Delete*", "athena:Tag*", "athena:Update*"]
      resources = [
        "${local.arn}:kinesis:${local.regional}:stream/MovieLikes*", "${local.arn}:firehose:${local.regional}:deliverystream/MovieLikes*",
        "${local.arn}:dynamodb:${local.regional}:table/MovieLikes*", "${local.arn}:dynamodb:${local.regional}:table/MovieTrends*",
        "${local.arn}:glue:${local.regional}:catalog", "${local.arn}:glue:${local.regional}:database/movie_likes_*", "${local.arn}:glue:${local.regional}:table/movie_likes_*/*",
        "${local.arn}:athena:${local.regional}:workgroup/movie-likes-*",
      ]
    }
    doors = {
      read  = ["apigateway:GET", "cloudfront:Get*", "cloudfront:List*", "wafv2:Get*", "wafv2:List*", "events:Describe*", "events:List*"]
      write = ["apigateway:DELETE", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT", "apigateway:SetWebACL", "cloudfront:Create*", "cloudfront:Delete*", "cloudfront:Publish*", "cloudfront:Tag*", "cloudfront:Update*", "wafv2:Associate*", "wafv2:Create*", "wafv2:Delete*", "wafv2:Disassociate*", "wafv2:Put*", "wafv2:Tag*", "wafv2:Update*", "events:Create*", "events:Delete*", "events:Put*", "events:Remove*", "events:Tag*"]
      # Their ids are made by AWS.
      resources = [
        "${local.arn}:apigateway:${data.aws_region.current.name}::/*", "${local.arn}:cloudfront::${local.account}:*",
        "${local.arn}:wafv2:*:${local.account}:*/webacl/movie-likes-*", "${local.arn}:wafv2:*:${local.account}:*/managedruleset/*",
        "${local.arn}:events:${local.regional}:event-bus/movie-likes-*", "${local.arn}:events:${local.regional}:rule/movie-likes-*",
      ]
    }
    # What a stage has if its variables ask for it.
    options = {
      read  = ["acm:Describe*", "acm:List*", "budgets:List*", "budgets:View*", "cloudtrail:Get*", "cloudtrail:List*", "kms:Describe*", "kms:Get*", "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListResourceTags", "route53:Get*", "route53:List*"]
      write = ["acm:AddTags*", "acm:DeleteCertificate", "acm:RequestCertificate", "budgets:ModifyBudget", "budgets:TagResource", "cloudfront:AllowVendedLogDeliveryForResource", "cloudtrail:AddTags", "cloudtrail:CreateTrail", "cloudtrail:DeleteTrail", "cloudtrail:PutEventSelectors", "cloudtrail:StartLogging", "cloudtrail:StopLogging", "cloudtrail:UpdateTrail", "kms:CreateAlias", "kms:DeleteAlias", "kms:EnableKeyRotation", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UpdateAlias", "logs:CreateDelivery", "logs:DeleteDelivery*", "logs:PutDelivery*", "route53:ChangeResourceRecordSets"]
      resources = concat(
        ["${local.arn}:acm:*:${local.account}:certificate/*", "${local.arn}:budgets::${local.account}:budget/movie-likes-*", "${local.arn}:cloudtrail:${local.regional}:trail/movie-likes-*", "${local.arn}:cloudfront::${local.account}:distribution/*"],
        ["${local.arn}:kms:${local.regional}:key/*", "${local.arn}:kms:${local.regional}:alias/movie-likes-*", "${local.arn}:route53:::hostedzone/*", "${local.arn}:route53:::change/*"],
        [for kind in ["delivery", "delivery-source", "delivery-destination"] : "${local.arn}:logs:us-east-1:${local.account}:${kind}:*"],
      )
    }
    rest = {
      read  = ["scheduler:Get*", "scheduler:List*", "sqs:Get*", "sqs:List*", "sns:Get*", "sns:List*", "cloudwatch:Describe*", "cloudwatch:Get*", "cloudwatch:ListTags*"]
      write = ["scheduler:Create*", "scheduler:Delete*", "scheduler:Update*", "sqs:Create*", "sqs:DeleteQueue", "sqs:Set*", "sqs:Tag*", "sns:Create*", "sns:Delete*", "sns:Set*", "sns:Subscribe", "sns:Tag*", "sns:Unsubscribe", "cloudwatch:Delete*", "cloudwatch:PutDashboard", "cloudwatch:PutMetricAlarm", "cloudwatch:Tag*"]
      resources = concat(
        [for function in local.functions : "${local.arn}:scheduler:${local.regional}:schedule/default/${function}"],
        ["${local.arn}:sqs:${local.regional}:*-dead-letters", "${local.arn}:sns:${local.regional}:movie-likes-*", "${local.arn}:cloudwatch:${local.regional}:alarm:*", "${local.arn}:cloudwatch::${local.account}:dashboard/movie-likes-*"],
      )
    }
  }

  functions = ["ArchiveLikes-*", "Audit-*", "CompactLake-*", "IngestLike-*", "RankTrends-*", "ReadLikes-*", "TrackTrends-*", "TrendReport-*", "UpdateCount-*"]
  roles     = concat(local.functions, ["MovieLikesArchive-*", "movie-likes-*"])
}

resource "aws_iam_openid_connect_provider" "github" {
  count          = var.repository == null ? 0 : 1
  url            = "https://${local.github}"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "deployer_trust" {
  for_each = local.deployers

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = aws_iam_openid_connect_provider.github[*].arn
    }

    condition {
      test     = "StringEquals"
      variable = "${local.github}:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.github}:sub"
      values   = each.value.subjects
    }
  }
}

data "aws_iam_policy_document" "deployer" {
  for_each = local.deployers

  dynamic "statement" {
    for_each = local.services

    content {
      sid       = title(statement.key)
      actions   = flatten([for verb in each.value.verbs : statement.value[verb]])
      resources = statement.value.resources
    }
  }

  # A role that it makes is for a service; it takes none of them itself.
  dynamic "statement" {
    for_each = contains(each.value.verbs, "write") ? ["pass"] : []

    content {
      sid       = "HandRolesToServices"
      actions   = ["iam:PassRole"]
      resources = [for role in local.roles : "${local.arn}:iam::${local.account}:role/${role}"]

      condition {
        test     = "StringEquals"
        variable = "iam:PassedToService"
        values   = ["firehose.amazonaws.com", "lambda.amazonaws.com", "scheduler.amazonaws.com"]
      }
    }
  }

  # A plan locks the state, and writes it if what it finds has changed.
  statement {
    sid       = "KeepStates"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    resources = [for stage in ["test", "prod"] : "${local.arn}:s3:::${var.bucket}/${stage}/*"]
  }

  # https://developer.hashicorp.com/terraform/language/backend/s3 (DynamoDB table permissions)
  dynamic "statement" {
    for_each = var.lock_table ? ["locks"] : []

    content {
      sid       = "LockStates"
      actions   = ["dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"]
      resources = [local.locks_arn]
    }
  }

  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html and those of the others
  statement {
    sid = "WhatTakesNoResource"
    actions = concat(
      ["apigateway:GET", "cloudtrail:DescribeTrails", "dynamodb:DescribeLimits", "kinesis:DescribeLimits", "kms:ListAliases", "lambda:GetAccountSettings", "logs:DescribeLogGroups", "route53:ListHostedZones", "sns:GetSubscriptionAttributes", "sts:GetCallerIdentity"],
      contains(each.value.verbs, "write") ? ["cloudfront:CreateOriginAccessControl", "events:PutPermission", "events:RemovePermission", "kms:CreateKey", "lambda:CreateEventSourceMapping", "logs:DescribeResourcePolicies", "logs:PutResourcePolicy", "sns:SetSubscriptionAttributes", "sns:Unsubscribe"] : [],
    )
    resources = ["*"]
  }
}

resource "aws_iam_role" "deployer" {
  for_each             = local.deployers
  name                 = "movie-likes-github-${each.key}-${data.aws_region.current.name}"
  assume_role_policy   = data.aws_iam_policy_document.deployer_trust[each.key].json
  max_session_duration = 2 * 60 * 60
}

resource "aws_iam_role_policy" "deployer" {
  for_each = local.deployers
  name     = "work"
  role     = aws_iam_role.deployer[each.key].id
  policy   = data.aws_iam_policy_document.deployer[each.key].json
}

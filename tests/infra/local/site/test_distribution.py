"""What is read of a distribution: which path from which bucket, with which headers."""

import pytest

from infra.local.site import distribution
from infra.local.site.distribution import Behavior, Distribution


class CloudFront:
    """Answers as CloudFront does, for a distribution of two origins."""

    def get_distribution_config(self, Id):
        assert Id == "SITE"
        return {
            "DistributionConfig": {
                "DefaultRootObject": "index.html",
                "Origins": {
                    "Items": [
                        {"Id": "pages", "DomainName": "site-bucket.s3.us-east-1.amazonaws.com"},
                        {"Id": "reports", "DomainName": "lake-bucket.s3.eu-west-1.amazonaws.com"},
                    ]
                },
                "DefaultCacheBehavior": {
                    "TargetOriginId": "pages",
                    "ResponseHeadersPolicyId": "strict",
                },
                "CacheBehaviors": {
                    "Items": [
                        {
                            "PathPattern": "/reports/*",
                            "TargetOriginId": "reports",
                            "ResponseHeadersPolicyId": "lax",
                        }
                    ]
                },
                "CustomErrorResponses": {
                    "Items": [
                        {
                            "ErrorCode": 403,
                            "ResponseCode": "404",
                            "ResponsePagePath": "/404.html",
                        }
                    ]
                },
            }
        }

    def get_response_headers_policy(self, Id):
        return {
            "ResponseHeadersPolicy": {
                "ResponseHeadersPolicyConfig": {
                    "CustomHeadersConfig": {"Items": [{"Header": "X-Own", "Value": Id}]},
                    "SecurityHeadersConfig": {
                        "ContentSecurityPolicy": {"ContentSecurityPolicy": f"{Id} policy"},
                        "ReferrerPolicy": {"ReferrerPolicy": "no-referrer"},
                        "StrictTransportSecurity": {"AccessControlMaxAgeSec": 60},
                        "FrameOptions": {"FrameOption": "DENY"},
                    },
                }
            }
        }


def headers(policy):
    return {
        "Content-Security-Policy": f"{policy} policy",
        "Referrer-Policy": "no-referrer",
        "Strict-Transport-Security": "max-age=60",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Own": policy,
    }


def test_a_distribution_is_read_with_its_default_behavior_last():
    assert distribution.read(CloudFront(), "SITE") == Distribution(
        (
            Behavior("/reports/*", "lake-bucket", headers("lax")),
            Behavior("*", "site-bucket", headers("strict")),
        ),
        "index.html",
        {403: (404, "/404.html")},
    )


@pytest.mark.parametrize(
    ("path", "bucket"),
    [
        ("/", "site-bucket"),
        ("/reports/2026-W05/top.csv", "lake-bucket"),
        ("/reports", "site-bucket"),
        ("/other/reports/x", "site-bucket"),
    ],
)
def test_the_first_behavior_that_fits_a_path_counts(path, bucket):
    assert distribution.read(CloudFront(), "SITE").behavior(path).bucket == bucket

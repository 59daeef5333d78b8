"""What a CloudFront distribution serves: which path from which bucket, and with which headers."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import msgspec


class Behavior(msgspec.Struct, frozen=True):
    """For paths of a pattern: the bucket that their objects lie in, and what every answer says."""

    pattern: str
    bucket: str
    headers: dict[str, str]


class Distribution(msgspec.Struct, frozen=True):
    """A site: its behaviors, the first that fits counts; its first page; and what is shown in place
    of an error, by the status that S3 gives: status and path."""

    behaviors: tuple[Behavior, ...]
    root: str
    errors: dict[int, tuple[int, str]]

    def behavior(self, path: str) -> Behavior:
        """Give the behavior for a path. The last one, CloudFront's default, fits every path."""
        return next(one for one in self.behaviors if fnmatchcase(path, one.pattern))


def read(cloudfront: Any, identity: str) -> Distribution:
    """Read a distribution of buckets; raises what the service raises."""
    told = cloudfront.get_distribution_config(Id=identity)["DistributionConfig"]
    buckets = {
        origin["Id"]: origin["DomainName"].partition(".s3.")[0]
        for origin in told["Origins"]["Items"]
    }
    default = told["DefaultCacheBehavior"] | {"PathPattern": "*"}
    behaviors = tuple(
        Behavior(
            behavior["PathPattern"],
            buckets[behavior["TargetOriginId"]],
            _headers(cloudfront, behavior["ResponseHeadersPolicyId"]),
        )
        for behavior in [*told.get("CacheBehaviors", {}).get("Items", []), default]
    )
    errors = {
        error["ErrorCode"]: (int(error["ResponseCode"]), error["ResponsePagePath"])
        for error in told.get("CustomErrorResponses", {}).get("Items", [])
    }
    return Distribution(behaviors, told["DefaultRootObject"], errors)


def _headers(cloudfront: Any, identity: str) -> dict[str, str]:
    told = cloudfront.get_response_headers_policy(Id=identity)
    return headers(told["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"])


def headers(config: Mapping[str, Any]) -> dict[str, str]:
    """Give the headers that a response headers policy adds.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html
    """
    security = config["SecurityHeadersConfig"]
    transport = security["StrictTransportSecurity"]
    own = config.get("CustomHeadersConfig", {}).get("Items", [])
    return {header["Header"]: header["Value"] for header in own} | {
        "Content-Security-Policy": security["ContentSecurityPolicy"]["ContentSecurityPolicy"],
        "Referrer-Policy": security["ReferrerPolicy"]["ReferrerPolicy"],
        "Strict-Transport-Security": f"max-age={transport['AccessControlMaxAgeSec']}",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": security["FrameOptions"]["FrameOption"],
    }

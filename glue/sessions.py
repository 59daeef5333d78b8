"""Sessions of boto3 whose clients read times fast.

Else they leave each to dateutil, which takes most of what it takes to list a bucket.
"""

from contextlib import suppress
from datetime import datetime
from typing import Any

import boto3
import botocore.session
from botocore.utils import parse_timestamp


def session(
    access_key: str | None = None,
    secret_key: str | None = None,
    token: str | None = None,
    region_name: str | None = None,
) -> boto3.Session:
    """Give a session of whoever has the keys, else of the environment."""
    core = botocore.session.Session()
    # As the AWS CLI has times read otherwise.
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_read)
    return boto3.Session(access_key, secret_key, token, region_name, core)


def _read(told: Any) -> datetime:
    if isinstance(told, str) and told[10:11] == "T":  # else a number, or as in a header
        with suppress(ValueError):
            return datetime.fromisoformat(told)
    return parse_timestamp(told)

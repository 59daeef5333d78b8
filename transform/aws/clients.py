"""How the functions call services: how patiently, and by which session."""

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from glue import sessions
from glue.signed import settings

if TYPE_CHECKING:
    import boto3


def config(read_timeout_s: int, attempts: int = 5, **more: Any) -> Config:
    """Give a client's settings: a second to connect, and AWS's standard retries."""
    return Config(
        connect_timeout=1,
        read_timeout=read_timeout_s,
        retries={"mode": "standard", "total_max_attempts": attempts},
        **more,
    )


def signing(read_timeout_s: int, **more: Any) -> Config:
    """Give the settings of an S3 client that signs addresses."""
    emulated = any(map(os.environ.get, ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")))
    return config(read_timeout_s, **settings(emulated), **more)


@cache
def session() -> "boto3.Session":
    """Give the session of those that list much."""
    return sessions.session()

"""How patient the functions are with the services they call."""

import os
from typing import Any

from botocore.config import Config


def config(read_timeout_s: int, attempts: int = 5, **more: Any) -> Config:
    """Give a client's settings: a second to connect, and AWS's standard retries."""
    return Config(
        connect_timeout=1,
        read_timeout=read_timeout_s,
        retries={"mode": "standard", "total_max_attempts": attempts},
        **more,
    )


def signing(read_timeout_s: int, **more: Any) -> Config:
    """Give the settings of an S3 client that signs addresses, which name the bucket's region.

    Else botocore signs the global endpoint's: S3 redirects it until a new bucket is known
    everywhere, and regions that are opted into refuse it.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
    The older signature does not work in every region. An emulator's host has no names below it.
    """
    emulated = any(map(os.environ.get, ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")))
    style = {"addressing_style": "auto" if emulated else "virtual"}
    return config(read_timeout_s, signature_version="s3v4", s3=style, **more)

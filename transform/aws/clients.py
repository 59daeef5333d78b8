"""How patient the functions are with the services they call."""

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

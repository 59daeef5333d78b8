"""Bodies that come compressed, unpacked before a method sees them, as API Gateway does.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-make-request-with-compressed-payload.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from transform.aws import http_bodies

MOST = 10 * 2**20
"""Bytes of a payload at most ("Amazon API Gateway quotas")."""


def unpacked(headers: Mapping[str, str], body: bytes) -> tuple[dict[str, str], bytes]:
    """Give headers and body of a request as a method gets them.

    Raises `ValueError` for a coding that is unknown or that the body does not have, which are
    answered with 415, and for too large a payload.
    """
    given = dict(headers)
    codings = next((given[name] for name in given if name.lower() == "content-encoding"), "")
    return given, http_bodies.unpack(body, codings, MOST) if body else body


def install(gateway: Any) -> None:
    """Have MiniStack's `apigateway_v1` unpack what it executes."""
    execute: Callable[..., Any] = gateway._execute_in_scope

    async def unpack_first(
        request: Any,
        api: str,
        stage: str,
        method: str,
        path: str,
        headers: Any,
        body: Any,
        *more: Any,
    ) -> Any:
        try:
            headers, body = unpacked(headers or {}, body or b"")
        except ValueError as error:
            large = isinstance(error, http_bodies.TooLarge)
            if deployed := gateway._stages_v1.get(api, {}).get(stage):
                request["stage"] = deployed  # whose answers it may be that are told
                return gateway._gw_error(
                    *("REQUEST_TOO_LARGE", "Request Entity Too Large")
                    if large
                    else ("UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type")
                )
        return await execute(request, api, stage, method, path, headers, body, *more)

    gateway._execute_in_scope = unpack_first

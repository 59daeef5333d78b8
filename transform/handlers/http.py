"""Answers to API Gateway proxy events: JSON bodies, for browsers of any origin."""

from collections.abc import Mapping
from typing import Any

import msgspec

_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "X-Correlation-Id, Retry-After, ETag",
}
RETRY_AFTER_S = 1


def header(event: Mapping[str, Any], name: str) -> str:
    """Give a request header by its name in lower case, or an empty text."""
    headers: Mapping[str, str | None] = event.get("headers") or {}
    return next((value or "" for key, value in headers.items() if key.lower() == name), "")


def response(status: int, body: object, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Give the proxy response with a JSON body."""
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json", **_CORS, **(headers or {})},
        "body": msgspec.json.encode(body).decode(),
    }


def error(status: int, code: str, message: str) -> dict[str, Any]:
    """Give a refusal: a machine-readable code and a sentence."""
    return response(status, {"error": code, "message": message})


def unavailable(message: str, **more: object) -> dict[str, Any]:
    """Give a 503 that says when to come back."""
    body = {"error": "unavailable", "message": message, **more}
    return response(503, body, {"Retry-After": str(RETRY_AFTER_S)})


def preflight(methods: str) -> dict[str, Any]:
    """Answer a browser's CORS preflight, good for a day."""
    return {
        "statusCode": 204,
        "headers": {
            **_CORS,
            "Access-Control-Allow-Methods": methods,
            "Access-Control-Allow-Headers": "Content-Type",
            "Access-Control-Max-Age": "86400",
        },
        "body": "",
    }

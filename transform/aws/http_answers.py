"""Answers to API Gateway proxy events: JSON bodies, for browsers of the origins that are let in."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import msgspec

_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "X-Correlation-Id, Retry-After, ETag, Date",
}
ANY_ORIGIN = "*"
RETRY_AFTER_S = 1

_ENTITY_TAG = re.compile(r'(?:W/)?("[^"]*")')


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


def for_origin(
    event: Mapping[str, Any], answer: dict[str, Any], origins: str = ANY_ORIGIN
) -> dict[str, Any]:
    """Let the browser of a request read its answer, if its page is of one of `origins`.

    They stand in one text, with blanks between; `*` is any. Of a list, a browser is told its own
    alone, and caches that the answer depends on it:
    https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches
    """
    if origins == ANY_ORIGIN:
        return answer
    headers = {"Vary": "Origin", **answer["headers"]}
    headers.pop("Access-Control-Allow-Origin")
    if (origin := header(event, "origin")) in origins.split():
        headers["Access-Control-Allow-Origin"] = origin
    return answer | {"headers": headers}


def cached(event: Mapping[str, Any], body: object, seconds: int) -> dict[str, Any]:
    """Give a 200 that any cache may keep for `seconds`, with the ETag of its bytes, or a 304.

    An ETag in If-None-Match counts whether weak or strong (RFC 9110, section 13.1.2).
    """
    whole = response(200, body)
    digest = hashlib.blake2b(whole["body"].encode(), digest_size=16).hexdigest()
    etag = f'"{digest}"'
    whole["headers"] |= {"ETag": etag, "Cache-Control": f"public, max-age={seconds}"}
    held = header(event, "if-none-match").strip()
    if held == "*" or etag in _ENTITY_TAG.findall(held):
        return whole | {"statusCode": 304, "body": ""}
    return whole


def error(status: int, code: str, message: str) -> dict[str, Any]:
    """Give a refusal: a machine-readable code and a sentence."""
    return response(status, {"error": code, "message": message})


def unavailable(message: str, **more: object) -> dict[str, Any]:
    """Give a 503 that says when to come back."""
    body = {"error": "unavailable", "message": message, **more}
    return response(503, body, {"Retry-After": str(RETRY_AFTER_S)})


def preflight(methods: str, headers: str = "Content-Type") -> dict[str, Any]:
    """Answer a browser's CORS preflight, good for a day."""
    return {
        "statusCode": 204,
        "headers": {
            **_CORS,
            "Access-Control-Allow-Methods": methods,
            "Access-Control-Allow-Headers": headers,
            "Access-Control-Max-Age": "86400",
        },
        "body": "",
    }

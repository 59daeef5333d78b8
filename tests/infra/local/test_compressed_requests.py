"""The emulator unpacks requests as API Gateway does."""

import asyncio
import gzip
from types import SimpleNamespace

import pytest

from infra.local import compressed_requests

STAGE = {"stageName": "s"}


def execute(headers, body):
    """Execute a request on a gateway; gives what a method gets, or the error."""

    async def method(request, api, stage, verb, path, headers, body, *more):
        return headers, body, more

    gateway = SimpleNamespace(
        _execute_in_scope=method,
        _gw_error=lambda kind, message: (kind, request["stage"]),
        _stages_v1={"a": {"s": STAGE}},
    )
    request: dict[str, object] = {}
    compressed_requests.install(gateway)
    asked = gateway._execute_in_scope(request, "a", "s", "POST", "/likes", headers, body, {}, "1")
    return asyncio.run(asked)


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({}, b"{}", b"{}"),
        ({}, None, b""),
        ({"Content-Encoding": "gzip"}, gzip.compress(b"{}"), b"{}"),
        ({"content-encoding": "gzip"}, gzip.compress(b"{}"), b"{}"),
    ],
)
def test_a_method_gets_what_was_packed(headers, body, expected):
    assert execute(headers, body) == (headers, expected, ({}, "1"))


@pytest.mark.parametrize(
    ("coding", "body", "error"),
    [
        ("br", b"x", "UNSUPPORTED_MEDIA_TYPE"),
        ("gzip", b"x", "UNSUPPORTED_MEDIA_TYPE"),
        ("gzip", gzip.compress(bytes(11 * 2**20)), "REQUEST_TOO_LARGE"),
    ],
)
def test_what_cannot_be_unpacked_is_refused(coding, body, error):
    """With what the stage has for that, as its own answers may be told."""
    assert execute({"Content-Encoding": coding}, body) == (error, STAGE)

"""AWS's JSON protocol: a request's body, the response to it, and the errors of Athena's API.

https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

Request = Mapping[str, Any]
Response = tuple[int, dict[str, str], bytes]
_HEADERS = {"Content-Type": "application/x-amz-json-1.1"}


class APIError(Exception):
    """A request that is not answered: the name and the message of Athena's error."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class InvalidRequest(APIError):
    """Athena's InvalidRequestException; the message is its own."""

    def __init__(self, message: str) -> None:
        super().__init__("InvalidRequestException", message)


class ResourceNotFound(APIError):
    """Athena's ResourceNotFoundException."""

    def __init__(self, message: str) -> None:
        super().__init__("ResourceNotFoundException", message)


def request(body: bytes) -> Request:
    """The request that a body holds; `APIError` where it is no JSON object."""
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise APIError("SerializationException", "The request is no JSON object.")
    return found


def response(answer: Mapping[str, Any]) -> Response:
    """The response of a request that is answered."""
    return 200, dict(_HEADERS), msgspec.json.encode(answer)  # the emulator adds headers


def refusal(error: APIError) -> Response:
    """The response of a request that is not."""
    status = 500 if error.kind == "InternalServerException" else 400
    body = {"__type": error.kind, "message": str(error), "Message": str(error)}
    if error.kind == "InvalidRequestException":
        body["AthenaErrorCode"] = "INVALID_INPUT"
    return status, _HEADERS | {"x-amzn-errortype": error.kind}, json.dumps(body).encode()

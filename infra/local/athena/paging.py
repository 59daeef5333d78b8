"""Pages of an answer: how long one is, and the token of the next, which clients hand back."""

from __future__ import annotations

import base64
import re

from infra.local.athena.protocol import InvalidRequest, Request


def size(request: Request, least: int, most: int) -> int:
    """How much a request wants at most, the most there may be where it does not say.

    `InvalidRequest` for a number outside the two.
    """
    given = request.get("MaxResults")
    if given is None:
        return most
    if not isinstance(given, int) or not least <= given <= most:
        raise InvalidRequest(f"MaxResults must be from {least} to {most}, and is {given}.")
    return given


def start(request: Request) -> int:
    """The place where the page of a request begins."""
    given = request.get("NextToken")
    return 0 if given is None else place(str(given))


def token(place: int) -> str:
    """A place as clients are given it."""
    return base64.urlsafe_b64encode(f"from {place}".encode()).decode()


def place(token: str) -> int:
    """The place that a token says; `InvalidRequest` for one that was not given."""
    try:
        found = re.fullmatch(rb"from (\d{1,15})", base64.urlsafe_b64decode(token))
    except ValueError:
        found = None
    if found is None:
        raise InvalidRequest("The token of the next page is not valid.")
    return int(found[1])

"""Tokens of a next page: the place where it begins, which clients hand back as they got it."""

from __future__ import annotations

import base64
import re


class BadToken(ValueError):
    """A token that does not say where a page begins."""


def token(place: int) -> str:
    """A place as clients are given it."""
    return base64.urlsafe_b64encode(f"from {place}".encode()).decode()


def place(token: str) -> int:
    """The place that a token says; `BadToken` for one that was not given."""
    try:
        found = re.fullmatch(rb"from (\d{1,15})", base64.urlsafe_b64decode(token))
    except ValueError:
        found = None
    if found is None:
        raise BadToken(token)
    return int(found[1])

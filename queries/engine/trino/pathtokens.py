"""Tokens and parts of SQL's JSON paths."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias


class NoPath(ValueError):
    """What is no path, or one that is not known here; the message is a sentence.

    `certain` where it is none to Trino either.
    """

    certain = False


@dataclass(frozen=True, slots=True)
class State:
    """What a path is asked of: the JSON, its variables, the item of a filter, the last index."""

    root: Any
    variables: Mapping[str, Any]
    item: Any = None
    last: int = 0


Items: TypeAlias = "Callable[[State], list[Any]]"
Test: TypeAlias = "Callable[[State], bool | None]"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a path, and what all its items are known to be where that is known: "number",
    "decimal", "text", "boolean" or "null"."""

    items: Items
    kind: str = ""


_TOKEN = re.compile(
    r"""\s*(?:(?P<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?)|"(?P<text>[^"\\]*)"
    |(?P<variable>\$[A-Za-z_]\w*)|(?P<name>[A-Za-z_]\w*)
    |(?P<sign>==|<>|!=|<=|>=|&&|\|\||\.\.|[$@.\[\]()*/%+\-<>!?,]))""",
    re.VERBOSE | re.ASCII,
)


class Tokens:
    """Takes a path's tokens one by one."""

    def __init__(self, path: str, rest: str, lax: bool, kinds: Mapping[str, str]) -> None:
        self.path, self.lax, self.kinds = path, lax, kinds
        self.tokens: list[tuple[str, str]] = []
        self.filters, self.subscripts = 0, 0
        place = 0
        while rest[place:].strip():
            token = _TOKEN.match(rest, place)
            if token is None:
                raise self.unknown()
            assert token.lastgroup is not None
            self.tokens.append((token.lastgroup, token[token.lastgroup]))
            place = token.end()

    def unknown(self) -> NoPath:
        return NoPath(f"The JSON path '{self.path}' is not known here")

    def take(self, *wanted: str) -> str | None:
        """The next token, where it is one of these signs or names."""
        if self.tokens and self.tokens[0][0] != "text" and self.tokens[0][1] in wanted:
            return self.tokens.pop(0)[1]
        return None

    def need(self, *wanted: str) -> None:
        for each in wanted:
            if self.take(each) is None:
                raise self.unknown()

    def unwrapped(self, items: list[Any]) -> list[Any]:
        if not self.lax:
            return items
        return [each for one in items for each in (one if isinstance(one, list) else [one])]

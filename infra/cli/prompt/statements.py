"""What is typed at the prompt: statements that end with `;`, questions by name, commands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Container
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z_]\w*")
_SQL = ("select", "with")

Split = Callable[[str], tuple[list[str], str]]
"""Gives the statements in a text that are ended, and the rest."""


class Mistyped(Exception):
    """What was typed makes no statement; the message says why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, by name or in SQL, with its parameters as text."""

    question: str
    parameters: dict[str, str]


def script(text: str, split: Split) -> list[str]:
    """The statements of a script; the last needs no `;`."""
    statements, rest = split(text)
    return statements + ([rest] if rest else [])


def finished(text: str, questions: Container[str], split: Split) -> bool:
    """Whether Enter ends what was typed, rather than begin another line of it.

    A command and a question by its name need no `;`, having one line.
    """
    statements, rest = split(text)
    if not rest or text.lstrip().startswith("\\"):
        return True
    first = _NAME.match(rest)
    return not statements and "\n" not in rest and first is not None and first[0] in questions


def read(statement: str) -> Asked:
    """The question that a statement asks: SQL, or a name and then `name=value` for each parameter.

    `Mistyped` where it is a name with anything else behind it.
    """
    first = _NAME.match(statement)
    if first is None or first[0].lower() in _SQL:
        return Asked(statement, {})
    try:
        words = shlex.split(statement)
    except ValueError as error:
        raise Mistyped(f"This does not read: {error}.") from None
    if words[0] != first[0]:
        return Asked(statement, {})
    return Asked(words[0], parameters(words[1:]))


def parameters(words: list[str]) -> dict[str, str]:
    """The parameters that words of `name=value` give; `Mistyped` for any other word."""
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.isidentifier():
            raise Mistyped(f"{word!r} is not NAME=VALUE.")
        found[name] = value
    return found

"""What is typed at the prompt: statements that end with `;`, questions by name, commands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Container
from dataclasses import dataclass

# What may hold a semicolon without meaning it; a quote or comment may still be open.
_PIECE = re.compile(
    r"""--[^\n]*|/\*.*?(?:\*/|$)|'(?:[^']|'')*+(?:'|$)|"(?:[^"]|"")*+(?:"|$)|(?P<end>;)|.""",
    re.DOTALL | re.VERBOSE,
)
_COMMENT = re.compile(r"\s*(?:--[^\n]*(?:\n|$)|/\*.*?\*/)", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_]\w*")
_SQL = ("select", "with")


class Mistyped(Exception):
    """What was typed makes no statement; the message says why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, by name or in SQL, with its parameters as text."""

    question: str
    parameters: dict[str, str]


def split(text: str) -> tuple[list[str], str]:
    """The statements that a `;` ends, without it and without those that are empty, and the rest."""
    statements = []
    start = 0
    for piece in _PIECE.finditer(text):
        if piece["end"]:
            statements.append(text[start : piece.start()])
            start = piece.end()
    return [each.strip() for each in statements if _bare(each)], text[start:].strip()


def script(text: str) -> list[str]:
    """The statements of a script; the last needs no `;`."""
    statements, rest = split(text)
    return statements + ([rest] if _bare(rest) else [])


def finished(text: str, questions: Container[str]) -> bool:
    """Whether Enter ends what was typed, rather than begin another line of it.

    A command and a question by its name need no `;`, having one line.
    """
    statements, rest = split(text)
    if not _bare(rest) or text.lstrip().startswith("\\"):
        return True
    first = _NAME.match(rest)
    return not statements and "\n" not in rest and first is not None and first[0] in questions


def read(statement: str) -> Asked:
    """The question that a statement asks: SQL, or a name and then `name=value` for each parameter.

    `Mistyped` where it is a name with anything else behind it.
    """
    bare = _bare(statement)
    first = _NAME.match(bare)
    if first is None or first[0].lower() in _SQL:
        return Asked(statement, {})
    try:
        words = shlex.split(bare)
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


def _bare(statement: str) -> str:
    """The statement without the comments and blanks that it begins with."""
    while match := _COMMENT.match(statement):
        statement = statement[match.end() :]
    return statement.strip()

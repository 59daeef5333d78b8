"""The questions that come with the lake, as people and programs read them."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TextIO

from infra.cli.output import tables
from infra.cli.output.formats import Format

_INDENT = "    "


class Parameter(Protocol):
    """A parameter of a question; no default: it must be given."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def default(self) -> str | None: ...
    @property
    def meaning(self) -> str: ...


class Question(Protocol):
    """A question: what it answers, what one row stands for, and its parameters."""

    @property
    def name(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def grain(self) -> str: ...
    @property
    def parameters(self) -> Sequence[Parameter] | None: ...


def write(known: Sequence[Question], form: Format, out: TextIO) -> None:
    """Write the questions there are: for people as wide as their terminal, up to a page."""
    if form == "table":
        width = min(shutil.get_terminal_size().columns, 100)
        out.write("\n".join(listed(known, width)) + "\n")
    else:
        tables.write(COLUMNS, rows(known) if form == "json" else flat(known), form, out)


COLUMNS = ("name", "what it answers", "grain", "parameters")


def rows(questions: Iterable[Question]) -> list[tuple[str, str, str, list[dict[str, str | None]]]]:
    """A row of `COLUMNS` for each question, its parameters as JSON has them."""
    return [
        (
            question.name,
            question.summary,
            question.grain,
            [
                {
                    "name": parameter.name,
                    "type": parameter.type,
                    "default": parameter.default,
                    "meaning": parameter.meaning,
                }
                for parameter in question.parameters or ()
            ],
        )
        for question in questions
    ]


def flat(questions: Iterable[Question]) -> list[tuple[str, str, str, str]]:
    """The same with the parameters as text, for CSV."""
    return [
        (
            question.name,
            question.summary,
            question.grain,
            ", ".join(map(declared, question.parameters or ())),
        )
        for question in questions
    ]


def listed(questions: Iterable[Question], width: int) -> Iterator[str]:
    """The lines of a list for people: a question, what it answers, and a parameter a line."""
    for question in questions:
        yield question.name
        yield from _wrapped(question.summary, width, _INDENT, _INDENT)
        told = [(declared(each), each.meaning) for each in question.parameters or ()]
        pad = max((len(first) for first, _ in told), default=0)
        for first, meaning in told:
            start = f"{_INDENT}  {first:<{pad}}  "
            yield from _wrapped(meaning, width, start, " " * len(start))
        yield ""


def declared(parameter: Parameter) -> str:
    """A parameter as its question declares it: `n bigint = 10`."""
    default = "" if parameter.default is None else f" = {parameter.default}"
    return f"{parameter.name} {parameter.type}{default}"


def _wrapped(text: str, width: int, first: str, rest: str) -> list[str]:
    return textwrap.wrap(text, width, initial_indent=first, subsequent_indent=rest)

"""The shipped questions: `queries/*.sql`, each opening with a comment that says what it is."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from queries.engine.errors import BadParameter, UnknownQuestion, hint

_FOLDER = Path(__file__).parents[1]
_NAME = re.compile(r"[A-Za-z_]\w*")
_PARAMETER = re.compile(
    r"param: (?P<name>[a-z_]\w*) (?P<type>[a-z]+)(?: = (?P<default>\S+))?  +(?P<meaning>\S.*)"
)
TYPES = ("string", "bigint", "double", "boolean", "date", "timestamp")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter a question declares; `default` is text, or None where a value must be given."""

    name: str
    type: str
    default: str | None
    meaning: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question in SQL: what it answers (`summary`), the grain of its rows, and its parameters.

    `parameters` is None for SQL that declares none: it takes whatever it names.
    """

    name: str
    sql: str
    summary: str = ""
    grain: str = ""
    parameters: tuple[Parameter, ...] | None = None


def names() -> list[str]:
    """The shipped questions, by name."""
    return sorted(path.stem for path in _FOLDER.glob("*.sql"))


def library() -> list[Question]:
    """The shipped questions, in order of name."""
    return [_read(name) for name in names()]


def find(name_or_sql: str) -> Question:
    """The shipped question of that name, or the SQL as a question of its own.

    One word is a name, anything else is SQL. `UnknownQuestion` names the nearest.
    """
    text = name_or_sql.strip()
    if not _NAME.fullmatch(text):
        return parse("sql", name_or_sql)
    if text not in names():
        raise UnknownQuestion(f'There is no question "{text}".{hint(text, names())}')
    return _read(text)


def parse(name: str, sql: str) -> Question:
    """A question from its SQL and the comment it opens with:

    -- What it answers, in a sentence or more, up to an empty line.
    --
    -- grain: what one row stands for
    -- param: name type = default  meaning (two blanks before it; no default: must be given)

    `BadParameter` for a `param:` line that does not read so.
    """
    summary: list[str] = []
    summarised = False
    grain = ""
    parameters: list[Parameter] = []
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        text = line.removeprefix("--").strip()
        if text.startswith("grain: "):
            grain = text.removeprefix("grain: ")
        elif text.startswith("param: "):
            parameters.append(_parameter(name, text))
        elif not text:
            summarised = True
        elif not summarised:
            summary.append(text)
    declared = tuple(parameters) if grain or parameters else None
    return Question(name, sql, " ".join(summary), grain, declared)


def _parameter(question: str, text: str) -> Parameter:
    match = _PARAMETER.fullmatch(text)
    if match is None or match["type"] not in TYPES:
        raise BadParameter(
            f'"{question}" has a line "{text}" that does not read "param: name type = default'
            f'  meaning" with a type of {", ".join(TYPES)}.'
        )
    return Parameter(match["name"], match["type"], match["default"], match["meaning"])


@cache
def _read(name: str) -> Question:
    return parse(name, (_FOLDER / f"{name}.sql").read_text("utf-8"))

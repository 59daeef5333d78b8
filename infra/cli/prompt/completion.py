"""What may come next at the prompt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from glue.tables import Table
from infra.cli.prompt.questions import Question, declared
from infra.cli.prompt.statements import Split

COMMANDS = {
    "\\d": "tables; \\d TABLE: its columns",
    "\\l": "questions",
    "\\x": "each row as a list",
    "\\h": "help",
    "\\q": "leave",
}
# The reserved words a SELECT of Athena is made of, and the functions questions use most.
KEYWORDS = (
    *("SELECT", "FROM", "WHERE", "GROUP", "BY", "HAVING", "ORDER", "LIMIT", "WITH", "AS", "ON"),
    *("AND", "OR", "NOT", "IN", "IS", "NULL", "LIKE", "BETWEEN", "EXISTS", "TRUE", "FALSE"),
    *("CASE", "WHEN", "THEN", "ELSE", "END", "DISTINCT", "DESC", "ASC", "CAST", "INTERVAL"),
    *("JOIN", "LEFT", "RIGHT", "FULL", "CROSS", "INNER", "USING", "UNION", "ALL", "INTERSECT"),
    *("EXCEPT", "VALUES", "UNNEST", "OVER", "PARTITION", "FILTER", "DATE", "TIMESTAMP"),
    *("count", "sum", "min", "max", "avg", "approx_distinct", "row_number", "rank", "coalesce"),
    *("date_trunc", "date_add", "date_diff", "date_format", "current_date", "current_timestamp"),
)
_WORD = re.compile(r"[\\\w]*$")
_QUALIFIED = re.compile(r"(\w+)\.\w*$")
_SOURCE = re.compile(r"\b(?:from|join)\s+(\w+)(?:\s+(?:as\s+)?(\w+))?", re.IGNORECASE)
_AFTER_SOURCE = re.compile(r"\b(?:from|join)\s+\w*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What can stand in place of the word before the cursor, `length` characters long."""

    text: str
    length: int
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The tables and the questions there are, and what splits a text into statements."""

    tables: Mapping[str, Table]
    questions: Sequence[Question]
    split: Split

    def candidates(self, text: str) -> list[Candidate]:
        """What can come where the text, all that stands before the cursor, ends."""
        statement = self.split(text)[1] or ""
        if text[-1:].isspace() and statement:
            statement += " "
        match = _WORD.search(statement)
        word = match[0] if match else ""
        found = {
            name: Candidate(name, len(word), meaning)
            for name, meaning in reversed(list(self._known(statement, word)))
            if name.lower().startswith(word.lower()) and name != word
        }
        return list(reversed(found.values()))

    def _known(self, statement: str, word: str) -> Iterator[tuple[str, str]]:
        before = statement[: len(statement) - len(word)].lstrip()
        first = before.split(maxsplit=1)[:1]
        named = next((each for each in self.questions if [each.name] == first), None)
        if statement.lstrip().startswith("\\"):
            yield from self._tables() if first == ["\\d"] else COMMANDS.items() if word else ()
        elif named is not None:
            yield from _parameters(named, before)
        elif qualified := _QUALIFIED.search(statement):
            yield from self._columns([_sources(statement).get(qualified[1], qualified[1])])
        elif _AFTER_SOURCE.search(statement):
            yield from self._tables()
        elif not before:
            yield from ((each.name, each.summary) for each in self.questions)
            yield from (("SELECT", ""), ("WITH", ""))
            yield from COMMANDS.items() if word else ()
        else:
            yield from self._columns(_sources(statement).values() or self.tables)
            yield from self._tables()
            yield from ((keyword, "") for keyword in KEYWORDS)

    def _tables(self) -> Iterator[tuple[str, str]]:
        yield from ((table.name, table.description) for table in self.tables.values())

    def _columns(self, tables: Iterable[str]) -> Iterator[tuple[str, str]]:
        for name in tables:
            if table := self.tables.get(name.lower()):
                yield from ((one.name, f"{one.type}: {one.comment}") for one in table.columns)
                yield from ((one.name, f"{one.type}: {one.comment}") for one in table.partitions)


def _parameters(question: Question, before: str) -> Iterator[tuple[str, str]]:
    for parameter in question.parameters or ():
        if f" {parameter.name}=" not in before:
            yield f"{parameter.name}=", f"{declared(parameter)}: {parameter.meaning}"


def _sources(statement: str) -> dict[str, str]:
    """The tables that the statement reads so far, by the names it has for them."""
    found: dict[str, str] = {}
    for table, alias in _SOURCE.findall(statement):
        found[table] = table
        if alias and alias.upper() not in KEYWORDS:
            found[alias] = table
    return found

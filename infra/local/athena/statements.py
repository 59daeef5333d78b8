"""What kind of statement a text is, as far as it decides what happens to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

Type = Literal["DML", "DDL", "UTILITY"]

_SKIP = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)*", re.DOTALL)
_TOKEN = re.compile(
    r"""--[^\n]*|/\*.*?\*/|'(?:[^']|'')*+'|"(?:[^"]|"")*+"|`[^`]*+`|(?P<mark>\?)|[^\s?]""",
    re.DOTALL | re.VERBOSE,
)
_NAME = r"""(?:"[^"]+"|`[^`]+`|[\w$-]+)"""
_TABLE = rf"(?P<table>{_NAME}(?:\s*\.\s*{_NAME}){{0,2}})"
_DATABASE = rf"(?:\s+(?:in|from)\s+(?P<database>{_NAME}(?:\s*\.\s*{_NAME})?))?"
_LIKE = r"(?:\s+(?:like\s+)?'(?P<like>[^']*)')?"
_LITERAL = re.compile(
    r"""'(?:[^']|'')*'|[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?|[+-]?\.\d+(?:e[+-]?\d+)?|null|true|false"""
    r"""|(?:date|time|timestamp|decimal|interval|double|real|varchar|char|bigint)\s*'(?:[^']|'')*'"""
    r"""(?:\s+(?:year|month|day|hour|minute|second))?|x'[0-9a-f]*'""",
    re.IGNORECASE,
)
# Kind, as SubstatementType tells it, what it is to Athena (StatementType,
# https://docs.aws.amazon.com/athena/latest/APIReference/API_QueryExecution.html), and its form.
_FORMS: Sequence[tuple[str, Type, str]] = (
    ("SELECT", "DML", r"(?:select|with|values|table)\b.*|\(.*"),
    ("EXPLAIN", "UTILITY", r"explain\s+(?P<analyze>analyze\s+)?"
                           r"(?P<options>\((?!\s*(?:select|with)\b)[^)]*\)\s*)?(?P<rest>.*)"),
    ("SHOW_DATABASES", "UTILITY", rf"show\s+(?:databases|schemas){_LIKE}"),
    ("SHOW_TABLES", "UTILITY", rf"show\s+tables{_DATABASE}{_LIKE}"),
    ("SHOW_VIEWS", "UTILITY", rf"show\s+views{_DATABASE}{_LIKE}"),
    ("SHOW_COLUMNS", "UTILITY", rf"show\s+columns\s+(?:in|from)\s+{_TABLE}{_DATABASE}"),
    ("SHOW_PARTITIONS", "UTILITY", rf"show\s+partitions\s+{_TABLE}"),
    ("SHOW_CREATE_TABLE", "UTILITY", rf"show\s+create\s+table\s+{_TABLE}"),
    ("SHOW_TBLPROPERTIES", "UTILITY", rf"show\s+tblproperties\s+{_TABLE}"
                                      r"(?:\s*\(\s*'(?P<like>[^']*)'\s*\))?"),
    ("DESCRIBE_TABLE", "UTILITY", rf"desc(?:ribe)?\s+(?:extended\s+|formatted\s+)?{_TABLE}"),
    ("UNLOAD", "DML", r"unload\s*\((?P<rest>.*)\)\s*to\s*'(?P<to>[^']+)'"
                      r"\s*with\s*\((?P<properties>.*)\)"),
    ("CREATE_TABLE_AS_SELECT", "DDL", r"create\s+table\s+(?P<lenient>if\s+not\s+exists\s+)?"
                                      rf"{_TABLE}\s*(?:with\s*\((?P<properties>.*?)\)\s*)?as\s+(?P<rest>"
                                      r"(?:select|with|\().*?)(?P<empty>\s+with\s+no\s+data)?"),
    ("INSERT", "DML", rf"insert\s+into\s+{_TABLE}\s*(?P<columns>\((?!\s*(?:select|with|values)\b)"
                      r"[^)]*\)\s*)?(?P<rest>(?:select|with|values|\().*)"),
    ("CREATE_VIEW", "DDL", rf"create\s+(?P<replace>or\s+replace\s+)?view\s+{_TABLE}\s+as\s+"
                           r"(?P<rest>(?:select|with|values|\().*)"),
    ("DROP_VIEW", "DDL", rf"drop\s+view\s+(?P<lenient>if\s+exists\s+)?{_TABLE}"),
    ("SHOW_CREATE_VIEW", "UTILITY", rf"show\s+create\s+view\s+{_TABLE}"),
    ("DROP_TABLE", "DDL", rf"drop\s+table\s+(?P<lenient>if\s+exists\s+)?{_TABLE}"),
    ("ALTER_TABLE_SET_TBLPROPERTIES", "DDL", rf"alter\s+table\s+{_TABLE}\s+set\s+tblproperties"
                                             r"\s*\((?P<properties>.*)\)"),
    ("PREPARE", "DDL", rf"prepare\s+(?P<name>{_NAME})\s+from\s+(?P<rest>.*)"),
    ("DEALLOCATE_PREPARE", "DDL", rf"deallocate\s+prepare\s+(?P<name>{_NAME})"),
    ("EXECUTE", "DML", rf"execute\s+(?P<name>{_NAME})(?:\s+using\s+(?P<rest>.*))?"),
)  # fmt: skip
_KNOWN = [(kind, type, re.compile(form, re.IGNORECASE | re.DOTALL)) for kind, type, form in _FORMS]
# Other statements of Athena's, by their first word.
_REST: dict[str, Type] = {
    **dict.fromkeys(("insert", "update", "delete", "merge", "optimize", "vacuum"), "DML"),
    **dict.fromkeys(("create", "drop", "alter", "msck"), "DDL"),
    **dict.fromkeys(("show", "describe", "call"), "UTILITY"),
}
_PROPERTY = re.compile(
    r"'?(?P<name>[\w.-]+)'?\s*=\s*(?:'(?P<text>[^']*)'|(?P<other>array\s*\[[^\]]*\]|\w+))\s*(?:,|$)",
    re.I,
)


class Statement(msgspec.Struct, frozen=True):
    """A statement: its kind, what it is to Athena, its text, and what its form names.

    The kind of one that is not run here is its first words; `known` says whether Athena runs it.
    """

    kind: str
    type: Type
    sql: str
    parts: dict[str, str]
    known: bool = True

    def part(self, name: str) -> str | None:
        """What it names so, None where it names none."""
        return self.parts.get(name)


class BadStatement(Exception):
    """A statement that cannot be run; the message says why in a sentence."""


def parse(text: str) -> Statement:
    """The statement without comments before it and the semicolon after; `BadStatement` for none."""
    sql = text[_SKIP.match(text).end() :] if _SKIP.match(text) else text  # type: ignore[union-attr]
    sql = sql.rstrip("; \t\r\n")
    if not sql:
        raise BadStatement("There is no statement to run.")
    for kind, type, form in _KNOWN:
        if match := form.fullmatch(sql):
            parts = {name: part for name, part in match.groupdict().items() if part is not None}
            return Statement(kind, type, sql, parts)
    words = re.findall(r"[^\s(]+", sql)[:2]
    first = words[0].lower()
    if first not in _REST:
        return Statement(words[0], "UTILITY", sql, {}, known=False)
    return Statement(" ".join(words).upper(), _REST[first], sql, {})


def name(written: str) -> str:
    """A name without its quotes, in small letters, as the catalog has it."""
    return written.strip().strip('"`').lower()


def names(written: str) -> list[str]:
    """The parts of a dotted name."""
    return [name(part) for part in re.findall(_NAME, written)]


def properties(written: str) -> dict[str, str]:
    """Properties `name = 'value'` by name; `BadStatement` where they are written otherwise."""
    found = {}
    at = 0
    text = written.strip()
    while at < len(text):
        match = _PROPERTY.match(text, at)
        if match is None:
            raise BadStatement(f"This is no property: {text[at : at + 40]}")
        value = match["text"] if match["text"] is not None else match["other"]
        found[match["name"].lower()] = value
        at = match.end()
        while at < len(text) and text[at].isspace():
            at += 1
    return found


def literals(written: str) -> list[str]:
    """The literals of a list that commas part; `BadStatement` for what is none."""
    found = []
    at = 0
    while at < len(written.rstrip()):
        match = re.compile(rf"\s*({_LITERAL.pattern})\s*(,|$)", re.IGNORECASE).match(written, at)
        if match is None:
            raise BadStatement(f"This is no literal: {written[at:].strip()[:40]}")
        found.append(match[1])
        at = match.end()
    return found


def filled(sql: str, values: Sequence[str]) -> str:
    """The statement with each `?` replaced by the literal in its place.

    `BadStatement` where there are more or fewer, or one is no literal.
    """
    places = [match.start() for match in _TOKEN.finditer(sql) if match["mark"]]
    if len(places) != len(values):
        raise BadStatement(
            f"The statement has {len(places)} parameters, and {len(values)} values are given."
        )
    for value in values:
        if not _LITERAL.fullmatch(value.strip()):
            raise BadStatement(
                f"The value of a parameter must be a literal, such as 5 or 'text': {value[:40]}"
            )
    for place, value in reversed(list(zip(places, values, strict=True))):
        sql = f"{sql[:place]}{value.strip()}{sql[place + 1 :]}"
    return sql

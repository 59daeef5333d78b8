"""Trino's SQL as a tree in which every function keeps its own name and all of its arguments."""

from typing import Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ErrorLevel, ParseError
from sqlglot.parsers.trino import TrinoParser

from queries.engine.errors import BadSQL
from queries.engine.parameters import Bound
from queries.engine.trino import sqljson

# Those with a grammar of their own; sqlglot would turn others into nodes that lose arguments.
_JSON = ("json_exists", "json_value", "json_query", "json_object", "json_array")
_FORMS = ("CAST", "TRY_CAST", "EXTRACT", "TRIM", "POSITION", "SUBSTRING")


class Whole(Trino):
    """Trino's grammar, without what sqlglot knows of its functions."""

    INDEX_OFFSET = 0  # a subscript stays as it is written

    class Parser(TrinoParser):
        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            name: parser for name, parser in TrinoParser.FUNCTION_PARSERS.items() if name in _FORMS
        } | {name.upper(): sqljson.parser(name) for name in _JSON}


def parse(bound: Bound) -> exp.Query:
    """The tree of the question; `BadSQL` where it is no query of Trino's grammar."""
    try:
        tree = sqlglot.parse_one(
            bound.sql.rstrip("; \t\r\n"), read=Whole, error_level=ErrorLevel.IMMEDIATE
        )
    except ParseError as error:
        raise _syntax(error, bound) from None
    if isinstance(tree, exp.Values):
        tree = exp.Select(expressions=[exp.Star()], from_=exp.From(this=tree))
    if not isinstance(tree, exp.Query):
        raise BadSQL("Only SELECT and WITH can be run here.")
    return tree


def place(node: exp.Expr) -> int | None:
    """Where a node begins in the SQL, as far as its tokens tell."""
    starts = (part.meta.get("start") for part in node.walk())
    return min((start for start in starts if start is not None), default=None)


def _syntax(error: ParseError, bound: Bound) -> BadSQL:
    found = error.errors[0] if error.errors else {}
    description = str(found.get("description") or "")
    line, column, token = found.get("line"), found.get("col"), found.get("highlight")
    position = None
    if line is not None and column is not None:
        before = sum(len(text) + 1 for text in bound.sql.split("\n")[: line - 1])
        position = bound.origin(before + max(0, column - len(token or "")))
    if "SENTINEL" in description or not token:
        sentence = "Syntax error: the SQL ends too early."
    elif description.startswith("Expecting"):
        sentence = f'Syntax error at "{token}": expected {description.split()[-1]}.'
    else:
        sentence = f'Syntax error at "{token}".'
    return BadSQL(sentence, sql=bound.source, position=position)

"""Trino's SQL as a tree in which every function keeps its own name and all of its arguments."""

import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ErrorLevel, ParseError
from sqlglot.parsers.trino import TrinoParser
from sqlglot.tokenizer_core import Token, TokenType

from queries.engine.errors import BadSQL, Refused
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

        def _parse_types(self, *args: Any, **kwargs: Any) -> exp.Expr | None:
            found: exp.Expr | None
            found = self._written(super()._parse_types, exp.DataType, *args, **kwargs)
            return found

        def _parse_lambda(self, alias: bool = False) -> exp.Expr | None:
            found: exp.Expr | None = self._written(super()._parse_lambda, exp.Lambda, alias)
            return found

        def _written(self, parse: Any, kind: type[exp.Expr], *args: Any, **kw: Any) -> Any:
            """What is parsed, and how it is written: Trino tells `int` from `integer`, and `"A"`
            from `"a"`, where it compares expressions."""
            start = self._index
            found = parse(*args, **kw)
            if isinstance(found, kind):
                tokens = self._tokens[start : self._index]
                found.meta["written"] = " ".join(map(_told, tokens))
            return found

        def _parse_cast(self, strict: bool, safe: bool | None = None) -> exp.Expr:
            """CAST, which is told from a literal with its type before it."""
            found: exp.Expr = super()._parse_cast(strict, safe)
            found.meta["cast"] = True
            return found

        def _parse_is(self, this: exp.Expr | None) -> exp.Expr | None:
            """IS NOT NULL, which Trino tells from NOT (… IS NULL) where it compares expressions."""
            found = super()._parse_is(this)
            if isinstance(found, exp.Not):
                found.set("is_not", True)
            return found


_DIALECT = Whole()
_NUMBER = re.compile(r"\d+(\.\d*)?([eE][+-]?\d+)?")
_TWO = re.compile(r"(\d+(?:\.\d*)?[eE]\d+)[+-]")  # 1e0+2, which sqlglot takes for one number


def parse(bound: Bound) -> exp.Query:
    """The tree of the question; `BadSQL` where it is no query of Trino's grammar."""
    sql = bound.sql.rstrip("; \t\r\n")
    try:
        tokens = _tokens(sql)
        _check_numbers(tokens, sql, bound)
        tree, *more = _DIALECT.parser(error_level=ErrorLevel.IMMEDIATE).parse(tokens, sql) or [None]
    except ParseError as error:
        raise _syntax(error, bound) from None
    if more:
        raise BadSQL("One statement is run at a time.")
    if isinstance(tree, exp.Values):
        tree = exp.Select(expressions=[exp.Star()], from_=exp.From(this=tree))
    if not isinstance(tree, exp.Query):
        raise BadSQL("Only SELECT and WITH can be run here.")
    return tree


def _tokens(sql: str) -> list[Token]:
    found: list[Token] = []
    start, more = 0, True
    while more:
        more = False
        for token in _DIALECT.tokenize(sql[start:]):
            moved = _moved(token, sql, start)
            if moved.token_type == TokenType.NUMBER and (two := _TWO.match(moved.text)):
                end = moved.start + two.end(1)
                found.append(_token(moved, two[1], sql, moved.start, end - 1))
                start, more = end, True
                break
            found.append(moved)
    return found


def _moved(token: Token, sql: str, by: int) -> Token:
    return _token(token, token.text, sql, token.start + by, token.end + by) if by else token


def _token(token: Token, told: str, sql: str, start: int, end: int) -> Token:
    line = sql.count("\n", 0, end + 1) + 1
    column = end + 1 - (sql.rfind("\n", 0, end + 1) + 1)
    return Token(token.token_type, told, line, column, start, end, token.comments)


def _told(token: Token) -> str:
    """A token as Trino compares it: a name without quotes is the same in any case."""
    if token.token_type == TokenType.STRING:
        return f"'{token.text}'"
    return token.text if token.token_type == TokenType.IDENTIFIER else token.text.upper()


def _check_numbers(tokens: Sequence[Token], sql: str, bound: Bound) -> None:
    """Refuse numbers that sqlglot reads otherwise than Trino: of `1_000` it makes 1, named _000;
    of `0x1F` bytes."""
    for token, after in zip_longest(tokens, tokens[1:]):
        text = sql[token.start : token.end + 1]
        if not text[:1].isdigit() or token.token_type == TokenType.STRING:
            continue
        touched = sql[token.end + 1 : token.end + 2]
        if _NUMBER.fullmatch(text) and not (after and (touched.isalnum() or touched == "_")):
            continue
        sentence = f'The number at "{text}" is not known here: write it in decimal digits'
        raise Refused(
            f"{sentence}, with a blank before what follows it.",
            sql=bound.source,
            position=bound.origin(token.start),
        )


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

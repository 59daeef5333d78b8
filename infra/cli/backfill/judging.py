"""A condition as SQL that judges each value as it stands: numbers exactly, and text as text.

What a value is compared with says how: with a number it counts as the number it spells, and is
unknown if it spells none; with a text it is its own text. So no row's answer depends on other
rows, or on the kind of their file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import duckdb

from infra.cli.backfill import exact, number_sql, syntax
from infra.cli.backfill.conditions import literal
from infra.cli.backfill.exact import Tree
from infra.cli.backfill.number_sql import Number
from infra.cli.backfill.syntax import Node

_COMPARISONS = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOTEQUAL": "<>",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
}
_ARITHMETIC = ("+", "-", "*", "/", "%")
_LISTS = ("contains", "len", "length")
"""Functions of texts and of lists: which they are of, a value says."""
_NUMERIC = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL")
_SURE_DIGITS = 15
"""Decimal digits that a double holds for sure (IEEE 754, binary64)."""
_MARGIN = "1e-12"
"""How far off sums and products of a few doubles are at most, to the sum of their sizes."""


class Field(NamedTuple):
    """A value of a row, as SQL: its text, as a list of texts, and whether it is a list.

    `natural` is that of a value with a type of its own, such as a time in Parquet, and None for
    numbers and texts; `number` is its double, where it needs not be read from the text.
    """

    text: str
    items: str = "NULL::VARCHAR[]"
    is_list: str = "false"
    natural: str | None = None
    path: tuple[str, ...] = ()
    number: str | None = None

    @property
    def double(self) -> str:
        """The SQL of the double that the value is; null where it is no number."""
        return self.number or number_sql.double(self.text)


@dataclass(slots=True)
class Fields:
    """Where the fields of a condition come from.

    `find` gives the field of a path and raises `KeyError` where there is none; `source` is what a
    query selects from; `exact` writes the exact comparison of a tree over some fields, and `short`
    holds for rows whose texts have all digits of their numbers.
    """

    connection: duckdb.DuckDBPyConnection
    find: Callable[[tuple[str, ...]], Field]
    source: Callable[[], str]
    exact: Callable[[Tree, Sequence[Field]], str]
    short: str = "true"


def write(condition: str, fields: Fields) -> str:
    """Give the SQL that tells whether the condition holds of a row: true, false or null.

    Raises `KeyError` for a field that there is none of, `NotOne`, and `duckdb.Error` for what
    cannot be asked.
    """
    tree = syntax.parse(fields.connection, condition)
    told = _Writer(fields).truth(tree)
    fields.connection.sql(f"SELECT true FROM {fields.source()} WHERE {told} LIMIT 0").fetchall()
    return told


@dataclass(slots=True)
class _Writer:
    fields: Fields
    params: list[str] = field(default_factory=list)
    used: list[Field] = field(default_factory=list)

    def truth(self, node: Node) -> str:
        """Give the SQL of a condition, or of a part that stands for one."""
        if node["class"] == "CONJUNCTION":
            word = " AND " if node["type"] == "CONJUNCTION_AND" else " OR "
            return f"({word.join(map(self.truth, node['children']))})"
        if node["type"] == "OPERATOR_NOT":
            return f"(NOT {self.truth(node['children'][0])})"
        if node["type"] in _COMPARISONS:
            return self._compare(_COMPARISONS[node["type"]], node["left"], node["right"])
        if node["type"] == "COMPARE_BETWEEN":
            of = node["input"]
            low, high = (self._compare(how, of, node[to]) for how, to in _BETWEEN)
            return f"({low} AND {high})"
        if node["type"] == "COMPARE_IN" and self._found(node["children"][0]):
            of, *others = node["children"]
            return f"({' OR '.join(self._compare('=', of, each) for each in others)})"
        if node["type"] in ("COMPARE_DISTINCT_FROM", "COMPARE_NOT_DISTINCT_FROM"):
            return self._distinct(node)
        found = self._found(node)
        if found is not None and found.natural is None:
            number = found.double
            return (
                f"CASE WHEN {number} IS NOT NULL THEN {number} <> 0 "
                f"ELSE TRY_CAST({found.text} AS BOOLEAN) END"
            )
        return self.any(node)

    def any(self, node: Node) -> str:
        """Give the SQL of a part, whatever it is: a field without a type of its own is its text."""
        found = self._found(node)
        if found is not None:
            return found.natural or found.text
        if node["type"] in _TRUTHS or node["class"] == "CONJUNCTION":
            return self.truth(node)
        if node["class"] == "FUNCTION" and not self.params:
            return self._function(node, [each["expression"] for each in node["arguments"]])
        if node["type"] == "OPERATOR_COALESCE" and not self.params:
            return self._function(node, node["children"])
        return self._again(node, self.any)

    def _again(self, node: Node, how: Callable[[Node], str]) -> str:
        """Write a node whose parts are written anew."""
        if node["class"] == "LAMBDA":
            names = list(syntax.columns(node["lhs"]))
            self.params += names
            changed = node | {"expr": self._parsed(self.any(node["expr"]))}
            del self.params[len(self.params) - len(names) :]
        else:
            changed = {
                name: part if name == "type_expr" else self._inside(part, how)
                for name, part in node.items()
            }
        return syntax.sql(self.fields.connection, changed)

    def _inside(self, part: Any, how: Callable[[Node], str]) -> Any:
        if isinstance(part, list):
            return [self._inside(each, how) for each in part]
        if isinstance(part, dict):
            if "class" in part:
                return part if part["class"] == "CONSTANT" else self._parsed(how(part))
            return {name: self._inside(each, how) for name, each in part.items()}
        return part

    def _parsed(self, sql: str) -> Node:
        return syntax.parse(self.fields.connection, sql)

    def _function(self, node: Node, given: Sequence[Node]) -> str:
        """Write a function of fields: of their texts, numbers or lists, the first that it takes."""
        own = [found for found in map(self._found, given) if found and found.natural is None]
        if own and node.get("function_name") in _LISTS:
            texts = self._again(node, self.any)
            lists = self._again(node, lambda part: self._as(part, "{0.items}"))
            return f"CASE WHEN {own[0].is_list} THEN {lists} ELSE {texts} END"
        errors = []
        for form in _FORMS if own else _FORMS[:1]:
            sql = self._again(node, lambda part, form=form: self._as(part, form))  # type: ignore[misc]
            try:
                self._type(sql)
                return sql
            except duckdb.Error as error:
                errors.append(error)
        raise errors[0]

    def _as(self, node: Node, form: str) -> str:
        found = self._found(node)
        if found is None or found.natural:
            return self.any(node)
        return form.format(found, double=found.double)

    def _type(self, sql: str) -> str:
        query = f"DESCRIBE SELECT {sql} FROM {self.fields.source()}"
        [row] = self.fields.connection.sql(query).fetchall()
        return str(row[1])

    def _found(self, node: Node) -> Field | None:
        """Give the field that a part names; None where it is something else."""
        path = syntax.path(node)
        if path is None:
            return None
        if path[0] in self.params:
            inner = "".join(f"[{literal(name)}]" for name in path[1:])
            name = '"' + path[0].replace('"', '""') + '"'
            return Field(f"{name}{inner}::VARCHAR")
        return self.fields.find(path)

    def _compare(self, how: str, left: Node, right: Node) -> str:
        numbers = [self._as_number(part) for part in (left, right)]
        a, b = numbers
        if a and b and (not (a.is_field and b.is_field)):
            return self._numbers(how, a, b)
        kinds = [self._kind(part) for part in (left, right)]
        one, other = (self.any(part) for part in (left, right))
        if kinds == ["text", "text"] and a and b:
            both = f"{a.double} IS NOT NULL AND {b.double} IS NOT NULL"
            return f"CASE WHEN {both} THEN {self._numbers(how, a, b)} ELSE {one} {how} {other} END"
        if kinds == ["text", "typed"]:
            one = f"TRY_CAST({one} AS {self._type(other)})" if not self.params else one
        elif kinds == ["typed", "text"]:
            other = f"TRY_CAST({other} AS {self._type(one)})" if not self.params else other
        return f"({one} {how} {other})"

    def _kind(self, node: Node) -> str:
        """Tell whether a part is a field's text, or something with a type."""
        found = self._found(node)
        if found is not None:
            return "text" if found.natural is None else "typed"
        if node["class"] == "CONSTANT":
            return "text" if node["literal"]["kind"] in ("STRING", "SQL_NULL") else "typed"
        return "typed"

    def _distinct(self, node: Node) -> str:
        one, other = node["left"], node["right"]
        if one["class"] == "CAST":  # of IS TRUE
            return self._again(node, self.truth if self._found(one["child"]) else self.any)
        found = [self.any(part) for part in (one, other)]
        equal = (
            f"coalesce({self._compare('=', one, other)}, {found[0]} IS NULL AND {found[1]} IS NULL)"
        )
        return f"(NOT {equal})" if node["type"] == "COMPARE_DISTINCT_FROM" else equal

    def _as_number(self, node: Node) -> Number | None:
        """Give a part that may be a number: one, a field, or what is computed of them."""
        found = self._found(node)
        if found is not None:
            return None if found.natural else self._field(found)
        if node["class"] == "CONSTANT":
            text = str(node["literal"].get("text", "")).replace("_", "")
            if node["literal"]["kind"] in ("INTEGER", "NUMERIC") and exact.value(text) is not None:
                double = f"({float(text)!r}::DOUBLE)"
                return Number(double, f"abs({double})", ["number", text], is_literal=True)
            return None
        if node["class"] == "FUNCTION" and node["function_name"] in _ARITHMETIC:
            parts = [self._as_number(each["expression"]) for each in node["arguments"]]
            if any(part is None for part in parts):
                return None
            if len(parts) == 1:
                parts.insert(0, Number("0::DOUBLE", "0::DOUBLE", ["number", "0"]))
            return number_sql.computed(node["function_name"], *parts)  # type: ignore[arg-type]
        if self.params or node["class"] not in ("FUNCTION", "CAST", "OPERATOR", "CASE"):
            return None
        sql = self.any(node)
        type_ = self._type(sql)
        if type_.lstrip("U").startswith(_NUMERIC) and "[" not in type_:
            return self._field(Field(f"{sql}::VARCHAR"))._replace(is_field=False)
        return None

    def _field(self, found: Field) -> Number:
        if found not in self.used:
            self.used.append(found)
        number = found.double
        return Number(number, f"abs({number})", ["field", self.used.index(found)], is_field=True)

    def _numbers(self, how: str, a: Number, b: Number) -> str:
        """Write a comparison of numbers: of doubles where these tell it for sure."""
        tree = [how, a.tree, b.tree]
        named = sorted(set(number_sql.named(tree)))
        places = {at: place for place, at in enumerate(named)}
        exactly = self.fields.exact(number_sql.moved(tree, places), [self.used[at] for at in named])
        known = f"({a.double} IS NOT NULL AND {b.double} IS NOT NULL)"
        if a.divides or b.divides:
            return f"CASE WHEN {known} THEN {exactly} END"
        less, more = (str(how in those).lower() for those in (_LESS, _MORE))
        plain = [one for one in (a, b) if one.is_field or one.is_literal]
        if len(plain) < 2:
            margin = f"(({a.size} + {b.size}) * {_MARGIN})"
            return (
                f"CASE WHEN NOT {known} THEN NULL "
                f"WHEN {a.double} < {b.double} - {margin} THEN {less} "
                f"WHEN {a.double} > {b.double} + {margin} THEN {more} ELSE {exactly} END"
            )
        texts = [self.used[at].text for at in named]
        sure = all(len(one.tree[1]) <= _SURE_DIGITS for one in (a, b) if one.is_literal)
        short = " AND ".join(
            [str(sure).lower(), self.fields.short]
            + [
                f"length({text}) <= {_SURE_DIGITS} AND NOT contains(lower({text}), 'e')"
                for text in texts
            ]
        )
        return (  # of what is no number, none of the three holds
            f"CASE WHEN {a.double} < {b.double} THEN {less} "
            f"WHEN {a.double} > {b.double} THEN {more} "
            f"WHEN {a.double} = {b.double} THEN "
            f"CASE WHEN {short} THEN {str(how in _EVEN).lower()} ELSE {exactly} END END"
        )


_BETWEEN = ((">=", "lower"), ("<=", "upper"))
_TRUTHS = {
    *_COMPARISONS,
    *("OPERATOR_NOT", "COMPARE_BETWEEN", "COMPARE_IN"),
    *("COMPARE_DISTINCT_FROM", "COMPARE_NOT_DISTINCT_FROM"),
}
_FORMS = ("{0.text}", "{double}", "TRY_CAST({0.text} AS BIGINT)", "{0.items}")
_LESS, _MORE, _EVEN = ("<", "<=", "<>"), (">", ">=", "<>"), ("=", "<=", ">=")

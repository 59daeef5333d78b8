"""Each expression of Trino's in DuckDB's SQL: every kind of node is known here, or refused."""

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from queries.engine.errors import BadSQL, Refused, nearest
from queries.engine.trino import (
    casts,
    formatter,
    literals,
    sqljson,
    types,
)
from queries.engine.trino.calls import Calls
from queries.engine.trino.conditional import Conditional, tried
from queries.engine.trino.functions import json_functions
from queries.engine.trino.operators import ARITHMETIC
from queries.engine.trino.subqueries import COMPARISONS
from queries.engine.trino.typed import Typed, text
from queries.engine.trino.types import BOOLEAN, field_names, quoted

_NO_PARENTHESES: dict[type[exp.Expr], str] = {
    exp.CurrentDate: "current_date",
    exp.CurrentTime: "current_time",
    exp.CurrentTimestamp: "current_timestamp",
    exp.Localtime: "localtime",
    exp.Localtimestamp: "localtimestamp",
}
_DATED = ("date", "timestamp", "timestamp with time zone")
_TIMED = ("time", "time with time zone", "timestamp", "timestamp with time zone")
_FIELDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "year": ("year", (*_DATED, "interval year to month")),
    "quarter": ("quarter", _DATED),
    "month": ("month", (*_DATED, "interval year to month")),
    "week": ("week", _DATED),
    "day": ("day", (*_DATED, "interval day to second")),
    "day_of_month": ("day", _DATED),
    "day_of_week": ("day_of_week", _DATED),
    "dow": ("day_of_week", _DATED),
    "day_of_year": ("day_of_year", _DATED),
    "doy": ("day_of_year", _DATED),
    "year_of_week": ("year_of_week", _DATED),
    "yow": ("year_of_week", _DATED),
    "hour": ("hour", (*_TIMED, "interval day to second")),
    "minute": ("minute", (*_TIMED, "interval day to second")),
    "second": ("second", (*_TIMED, "interval day to second")),
    "timezone_hour": ("timezone_hour", ("time with time zone", "timestamp with time zone")),
    "timezone_minute": ("timezone_minute", ("time with time zone", "timestamp with time zone")),
}
"""What EXTRACT takes: each field with its function, and the types that have it."""


class Expressions(Conditional, Calls):
    """Translates the expressions of a scope."""

    def of(self, node: exp.Expr) -> Typed:
        """The expression; `BadSQL` or `Refused` with its place where there is no such in DuckDB."""
        how = _NODES.get(type(node))
        try:
            if how is None:
                raise Refused(f'"{type(node).__name__}" is not known here.')
            # Of a node that is known, a part that is not would be left out without a word.
            known = _PARTS.get(type(node), _OPERANDS)
            for name, value in node.args.items():
                if name not in known and value not in (None, False, []):
                    raise Refused(f'"{type(node).__name__}" with "{name}" is not known here.')
            return how(self, node)
        except BadSQL as error:
            raise self.statements.placed(error, node) from None

    # Names and constants

    def _column(self, node: exp.Column) -> Typed:
        if isinstance(node.this, exp.Star):
            raise BadSQL("Here * stands for no value.")
        scope, value, fields = self.scope.located([part.name for part in node.parts])
        if scope is not None:
            self.statements.columns[id(node)] = scope, value
        for name in fields:
            value = _field(value, name)
        return value

    def _identifier(self, node: exp.Identifier) -> Typed:
        return self.scope.column([node.name])[0]

    def _dot(self, node: exp.Dot) -> Typed:
        return _field(self.of(node.this), node.name)

    def _literal(self, node: exp.Literal) -> Typed:
        if node.is_string:
            return Typed(text(node.this), types.varchar(len(node.this)), node.this)
        return literals.number(node.this)

    def _unicode(self, node: exp.UnicodeString) -> Typed:
        escape = node.args.get("escape")
        found = literals.unicode(node.this, escape.name if escape else "\\")
        return Typed(text(found), types.varchar(len(found)), found)

    def _boolean(self, node: exp.Boolean) -> Typed:
        return Typed("true" if node.this else "false", BOOLEAN)

    def _null(self, _: exp.Expr) -> Typed:
        return Typed("NULL", types.UNKNOWN)

    def _json(self, node: exp.ParseJSON) -> Typed:
        return json_functions.literal(node.this.this)

    def _sql_json(self, node: sqljson.SqlJson) -> Typed:
        return sqljson.translate(self, node)

    def _hex(self, node: exp.HexString) -> Typed:
        if len(node.this) % 2:
            raise BadSQL(f"X'{node.this}' has half a byte: a byte is two digits.")
        return Typed(f"unhex('{node.this}')", types.VARBINARY)

    def _interval(self, node: exp.Interval) -> Typed:
        sign = 1
        value = node.this
        if isinstance(value, exp.Neg):
            sign, value = -1, value.this
        if not isinstance(value, exp.Literal):
            raise Refused("An interval must be written as a constant.")
        unit = node.args.get("unit")
        if isinstance(unit, exp.IntervalSpan):
            return literals.interval(value.this, unit.this.name, unit.expression.name, sign)
        return literals.interval(value.this, unit.name if unit else "", None, sign)

    # Casts, rows and arrays

    def _cast(self, node: exp.Cast) -> Typed:
        value = node.this
        if isinstance(value, exp.Literal) and self.statements.is_typed_literal(node):
            found = literals.typed(value.this, node.to)
            if found is not None:
                return found
        target = literals.type_of(node.to)
        made = casts.cast(self.of(value), target)
        if isinstance(node, exp.TryCast):
            return tried(made)
        return made

    def _array(self, node: exp.Array) -> Typed:
        values = self.alike(self.many(node.expressions), "What an array holds")
        kind = values[0].type if values else types.UNKNOWN
        made = f"[{', '.join(value.sql for value in values)}]"
        whole = types.array(kind)
        return Typed(f"CAST({made} AS {whole.duckdb})" if not values else made, whole)

    def _row(self, node: exp.Anonymous | exp.Tuple) -> Typed:
        values = self.many(node.expressions)
        kind = types.row((None, value.type) for value in values)
        pairs = zip(field_names(kind), values, strict=True)
        packed = ", ".join(f"{quoted(name)} := {value.sql}" for name, value in pairs)
        return Typed(f"struct_pack({packed})", kind)

    def _bracket(self, node: exp.Bracket) -> Typed:
        if len(node.expressions) != 1:
            raise Refused("A subscript is one value.")
        whole, place = self.of(node.this), self.of(node.expressions[0])
        if whole.type.name == "row":
            number = place.value
            if not isinstance(number, int) or not 1 <= number <= len(whole.type.of):
                raise BadSQL(f"A row of {len(whole.type.of)} fields has none of that number.")
            name = field_names(whole.type)[number - 1]
            return Typed(f"({whole.sql}).{quoted(name)}", whole.type.types[number - 1])
        found = self._operator("subscript", whole, place)
        if found is None:
            raise BadSQL(f"{whole.type} has no value at {place.type}.")
        return found

    def _extract(self, node: exp.Extract) -> Typed:
        field, value = node.name.lower(), self.of(node.expression)
        if field not in _FIELDS:
            raise BadSQL(f"EXTRACT knows no field {field.upper()}.{nearest(field, _FIELDS)}")
        function, kinds = _FIELDS[field]
        if value.type.name not in kinds:
            raise BadSQL(f"There is no {field.upper()} in a value of {value.type}.")
        return self.call(function, [value])

    def _at_time_zone(self, node: exp.AtTimeZone) -> Typed:
        return self.call("at_timezone", [self.of(node.this), self.of(node.args["zone"])])

    def _trim(self, node: exp.Trim) -> Typed:
        name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(node.text("position"), "trim")
        given = [node.this, *([node.expression] if node.expression else [])]
        return self.call(name, self.many(given))

    def _position(self, node: exp.StrPosition) -> Typed:
        return self.call("strpos", [self.of(node.this), self.of(node.args["substr"])])

    def _substring(self, node: exp.Substring) -> Typed:
        given = [node.this, node.args.get("start"), node.args.get("length")]
        return self.call("substring", self.many([each for each in given if each is not None]))

    def _normalize(self, node: exp.Anonymous) -> Typed:
        value, *form = node.expressions
        name = form[0].name.upper() if form else "NFC"
        if name not in ("NFC", "NFD", "NFKC", "NFKD") or len(form) > 1:
            raise BadSQL("normalize takes NFC, NFD, NFKC or NFKD.")
        return self.call("normalize", [self.of(value), Typed(text(name), types.VARCHAR, name)])

    def _bare(self, node: exp.Expr) -> Typed:
        if node.this is not None:
            raise Refused(f"{_NO_PARENTHESES[type(node)]} takes no digits here.")
        return self.call(_NO_PARENTHESES[type(node)], [])

    # Functions

    def _function(self, node: exp.Anonymous) -> Typed:
        name = node.name.lower()
        special = _SPECIAL.get(name)
        if special is not None:
            return special(self, node)
        return self._invoked(node)

    def _typeof(self, node: exp.Anonymous) -> Typed:
        told = str(self.of(node.expressions[0]).type)
        return Typed(text(told), types.VARCHAR, told)

    def _format(self, node: exp.Anonymous) -> Typed:
        return formatter.formatted(self.many(node.expressions))

    def _grouping(self, node: exp.Anonymous) -> Typed:
        keys = ", ".join(value.sql for value in self.many(node.expressions))
        return Typed(f"CAST(grouping({keys}) AS INTEGER)", types.INTEGER)


def _field(value: Typed, name: str) -> Typed:
    if value.type.name != "row":
        raise BadSQL(f'{value.type} has no field "{name}".')
    places = [place for place, each in enumerate(value.type.fields) if each == name]
    if len(places) != 1:
        raise BadSQL(f'{value.type} has {"no" if not places else "more than one"} field "{name}".')
    return Typed(f"({value.sql}).{quoted(name)}", value.type.types[places[0]])


_SPECIAL: dict[str, Callable[[Expressions, exp.Anonymous], Typed]] = {
    "coalesce": Expressions._coalesce,
    "nullif": Expressions._nullif,
    "try": Expressions._try,
    "row": Expressions._row,
    "typeof": Expressions._typeof,
    "format": Expressions._format,
    "grouping": Expressions._grouping,
    "normalize": Expressions._normalize,
}
_OPERANDS = frozenset({"this", "expression"})
_PARTS: dict[type[exp.Expr], frozenset[str]] = {
    exp.Column: frozenset({"this", "table", "db", "catalog"}),
    exp.Identifier: frozenset({"this", "quoted"}),
    exp.Literal: frozenset({"this", "is_string"}),
    exp.UnicodeString: frozenset({"this", "escape"}),
    exp.ParseJSON: frozenset({"this", "is_literal"}),
    sqljson.SqlJson: frozenset(sqljson.SqlJson.arg_types),
    exp.Interval: frozenset({"this", "unit"}),
    exp.Div: _OPERANDS | {"typed", "safe"},  # what other dialects' divisions do
    exp.DPipe: _OPERANDS | {"safe"},
    exp.Like: _OPERANDS | {"negate"},
    exp.Between: frozenset({"this", "low", "high"}),
    exp.Not: frozenset({"this", "is_not"}),
    exp.In: frozenset({"this", "expressions", "query"}),
    exp.Case: frozenset({"this", "ifs", "default"}),
    exp.If: frozenset({"this", "true", "false"}),
    exp.Cast: frozenset({"this", "to"}),
    exp.TryCast: frozenset({"this", "to", "safe", "requires_string"}),
    exp.Array: frozenset({"expressions", "value_constructor", "bracket_notation"}),
    exp.Tuple: frozenset({"expressions"}),
    exp.Bracket: frozenset({"this", "expressions"}),
    exp.AtTimeZone: frozenset({"this", "zone"}),
    exp.Trim: frozenset({"this", "expression", "position"}),
    exp.StrPosition: frozenset({"this", "substr"}),
    exp.Substring: frozenset({"this", "start", "length"}),
    exp.Anonymous: frozenset({"this", "expressions"}),
    exp.Window: frozenset({"this", "partition_by", "order", "spec", "alias", "over"}),
    # Their own clauses are looked at in `statements`.
    exp.Subquery: frozenset(exp.Subquery.arg_types),
    exp.Select: frozenset(exp.Select.arg_types),
}
_NODES: dict[type[exp.Expr], Callable[[Expressions, Any], Typed]] = {
    exp.Column: Expressions._column,
    exp.Identifier: Expressions._identifier,
    exp.Dot: Expressions._dot,
    exp.Literal: Expressions._literal,
    exp.Boolean: Expressions._boolean,
    exp.Null: Expressions._null,
    exp.HexString: Expressions._hex,
    exp.UnicodeString: Expressions._unicode,
    exp.ParseJSON: Expressions._json,
    sqljson.SqlJson: Expressions._sql_json,
    exp.Interval: Expressions._interval,
    exp.Paren: Expressions._paren,
    exp.Neg: Expressions._neg,
    **dict.fromkeys(ARITHMETIC, Expressions._arithmetic),
    **dict.fromkeys(COMPARISONS, Expressions._comparison),
    exp.NullSafeEQ: Expressions._distinct,
    exp.NullSafeNEQ: Expressions._distinct,
    exp.And: Expressions._logic,
    exp.Or: Expressions._logic,
    exp.Not: Expressions._not,
    exp.Is: Expressions._is,
    exp.Between: Expressions._between,
    exp.In: Expressions._in,
    exp.Like: Expressions._like,
    exp.Escape: Expressions._escape,
    exp.DPipe: Expressions._pipes,
    exp.Case: Expressions._case,
    exp.If: Expressions._if,
    exp.Cast: Expressions._cast,
    exp.TryCast: Expressions._cast,
    exp.Array: Expressions._array,
    exp.Tuple: Expressions._row,
    exp.Bracket: Expressions._bracket,
    exp.Extract: Expressions._extract,
    exp.AtTimeZone: Expressions._at_time_zone,
    exp.Trim: Expressions._trim,
    exp.StrPosition: Expressions._position,
    exp.Substring: Expressions._substring,
    **dict.fromkeys(_NO_PARENTHESES, Expressions._bare),
    exp.Subquery: Expressions._subquery,
    exp.Select: Expressions._subquery,
    exp.Exists: Expressions._exists,
    exp.Anonymous: Expressions._function,
    exp.Filter: Expressions._filter,
    exp.WithinGroup: Expressions._within,
    exp.Window: Expressions._window,
}

"""Each expression of Trino's in DuckDB's SQL: every kind of node is known here, or refused."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp

from queries.engine.errors import BadSQL, Refused, nearest
from queries.engine.trino import (
    casts,
    formatter,
    functions,
    helpers,
    literals,
    nested,
    numeric,
    sqljson,
    types,
)
from queries.engine.trino.coercions import common_of
from queries.engine.trino.functions import json_functions
from queries.engine.trino.protocols import Statement
from queries.engine.trino.registry import Argument, Call, Match, match
from queries.engine.trino.scopes import Scope
from queries.engine.trino.typed import Function, Typed, text, zoned
from queries.engine.trino.types import BOOLEAN, Type, field_names, quoted

_ARITHMETIC: dict[type[exp.Expr], tuple[str, str]] = {
    exp.Add: ("add", "+"),
    exp.Sub: ("subtract", "-"),
    exp.Mul: ("multiply", "*"),
    exp.Div: ("divide", "/"),
    exp.Mod: ("modulus", "%"),
}
_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "eq",
    exp.NEQ: "neq",
    exp.LT: "lt",
    exp.LTE: "lte",
    exp.GT: "gt",
    exp.GTE: "gte",
}
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
_FRAMES = ("rows", "range", "groups")
MAX_ARGUMENTS = 127
"""How many a call may have: Trino's analyzer refuses more."""


class Expressions:
    """Translates the expressions of a scope."""

    def __init__(self, statements: Statement, scope: Scope) -> None:
        self.statements = statements
        self.scope = scope

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

    def condition(self, node: exp.Expr) -> Typed:
        """An expression that is true, false or null."""
        found = self.of(node)
        if found.type.name not in ("boolean", "unknown"):
            raise self.statements.placed(
                BadSQL(f"A condition must be true or false; this is {found.type}."), node
            )
        return found

    def many(self, nodes: Sequence[exp.Expr]) -> list[Typed]:
        return [self.of(node) for node in nodes]

    def alike(self, values: Sequence[Typed], what: str) -> list[Typed]:
        """The values as the type that they have in common."""
        both = common_of(value.type for value in values)
        if both is None:
            kinds = ", ".join(dict.fromkeys(str(value.type) for value in values))
            raise BadSQL(f"{what} must be of one type, not {kinds}.")
        return [casts.coerced(value, both) for value in values]

    # Names and constants

    def _column(self, node: exp.Column) -> Typed:
        if isinstance(node.this, exp.Star):
            raise BadSQL("Here * stands for no value.")
        value, fields = self.scope.column([part.name for part in node.parts])
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

    # Operators

    def _paren(self, node: exp.Paren) -> Typed:
        return self.of(node.this)

    def _neg(self, node: exp.Neg) -> Typed:
        if isinstance(node.this, exp.Literal) and node.this.is_number:
            return literals.number(node.this.this, negative=True)
        return numeric.negative(self.of(node.this))

    def _arithmetic(self, node: exp.Binary) -> Typed:
        name, sign = _ARITHMETIC[type(node)]
        left, right = self.of(node.left), self.of(node.right)
        found = numeric.arithmetic(name, left, right) or self._operator(name, left, right)
        if found is None:
            raise BadSQL(f'"{sign}" does not take {left.type} and {right.type}.')
        return found

    def _operator(self, name: str, *operands: Typed) -> Typed | None:
        """An operator that a family of functions tells."""
        found = match(functions.OPERATORS.get(name, ()), operands)
        return None if found is None else _written(found, found.call)

    def compared(self, name: str, left: Typed, right: Typed) -> Typed:
        """A comparison; of arrays, maps and rows as their family has it."""
        return self._operator(name, left, right) or nested.compare(name, left, right)

    def _comparison(self, node: exp.Binary) -> Typed:
        name = _COMPARISONS[type(node)]
        if isinstance(node.right, exp.Any | exp.All) or _all_of(node.right):
            return self._quantified(node)
        return self.compared(name, self.of(node.left), self.of(node.right))

    def _quantified(self, node: exp.Binary) -> Typed:
        subquery = _all_of(node.right) or node.right.this
        if not isinstance(subquery, exp.Query | exp.Subquery | exp.Values):
            raise BadSQL("ANY and ALL compare with a subquery.")
        query = self.statements.query(subquery, self.scope)
        word = "ANY" if isinstance(node.right, exp.Any) else "ALL"
        if len(query.columns) != 1:
            raise BadSQL(f"A subquery behind {word} must have one column.")
        other = Typed('"in"."v"', query.columns[0][1])
        left, right = numeric.comparable(self.of(node.left), other)
        kind = left.type
        if kind.name in ("real", "double", "array", "map", "row", "json") or (
            kind.name.endswith("zone")
        ):
            raise Refused(f"{kind} is not compared with {word} here.")
        sign = numeric.COMPARISONS[_COMPARISONS[type(node)]]
        inner = f'SELECT {right.sql} FROM ({query.sql}) AS "in"("v")'
        return Typed(f"({left.sql} {sign} {word} ({inner}))", BOOLEAN)

    def _distinct(self, node: exp.Binary) -> Typed:
        left, right = self.of(node.left), self.of(node.right)
        name = "is_distinct" if isinstance(node, exp.NullSafeNEQ) else "is_not_distinct"
        same = isinstance(node, exp.NullSafeEQ)
        return self._operator(name, left, right) or nested.distinct(left, right, is_not=same)

    def _logic(self, node: exp.Connector) -> Typed:
        word = "AND" if isinstance(node, exp.And) else "OR"
        parts = [self.condition(part).sql for part in node.flatten()]
        return Typed(f"({f' {word} '.join(parts)})", BOOLEAN)

    def _not(self, node: exp.Not) -> Typed:
        return Typed(f"(NOT {self.condition(node.this).sql})", BOOLEAN)

    def _is(self, node: exp.Is) -> Typed:
        if not isinstance(node.expression, exp.Null):
            raise Refused("IS takes only NULL here.")
        return Typed(f"({self.of(node.this).sql} IS NULL)", BOOLEAN)

    def _between(self, node: exp.Between) -> Typed:
        value = self.of(node.this)
        low = self.compared("gte", value, self.of(node.args["low"]))
        high = self.compared("lte", value, self.of(node.args["high"]))
        return Typed(f"({low.sql} AND {high.sql})", BOOLEAN)

    def _in(self, node: exp.In) -> Typed:
        value = self.of(node.this)
        if subquery := node.args.get("query"):
            return self._in_query(value, subquery)
        if len(node.expressions) == 1 and isinstance(node.expressions[0], exp.Values):
            return self._in_query(value, node.expressions[0])
        if any(node.args.get(key) for key in ("unnest", "field", "is_global")):
            raise Refused("IN takes values or a subquery here.")
        values = self.alike([value, *self.many(node.expressions)], "What IN compares")
        kind = values[0].type
        if kind.name in ("real", "double", "array", "map", "row") or kind.name.endswith("zone"):
            each = [self.compared("eq", values[0], other).sql for other in values[1:]]
            return Typed(f"({' OR '.join(each)})", BOOLEAN)
        return Typed(f"({values[0].sql} IN ({', '.join(v.sql for v in values[1:])}))", BOOLEAN)

    def _in_query(self, value: Typed, subquery: exp.Expr) -> Typed:
        query = self.statements.query(subquery, self.scope)
        if len(query.columns) != 1:
            raise BadSQL("A subquery behind IN must have one column.")
        other = Typed('"in"."v"', query.columns[0][1])
        left, right = numeric.comparable(value, other)
        if left.type.name in ("real", "double", "array", "map", "row") or (
            left.type.name.endswith("zone")
        ):
            raise Refused(f"{left.type} is not looked for in a subquery here.")
        inner = f'SELECT {right.sql} FROM ({query.sql}) AS "in"("v")'
        return Typed(f"({left.sql} IN ({inner}))", BOOLEAN)

    def _like(self, node: exp.Like, escape: exp.Expr | None = None) -> Typed:
        value, pattern = self.of(node.this), self.of(node.expression)
        for each in (value, pattern):
            if each.type.name not in ("varchar", "char", "unknown"):
                raise BadSQL(f"LIKE compares text, not {each.type}.")
        word = "NOT LIKE" if node.args.get("negate") else "LIKE"
        if escape is None:
            return Typed(f"({value.sql} {word} {pattern.sql})", BOOLEAN)
        mark = self.of(escape)
        if mark.type.name == "unknown":
            return Typed("CAST(NULL AS BOOLEAN)", BOOLEAN)
        if not isinstance(mark.value, str) or len(mark.value) != 1:
            raise BadSQL("ESCAPE takes one character.")
        if not isinstance(pattern.value, str):
            raise Refused("A pattern of LIKE with ESCAPE must be a constant here.")
        rest = pattern.value
        for pair in (mark.value * 2, f"{mark.value}%", f"{mark.value}_"):
            rest = rest.replace(pair, "")
        if mark.value in rest:
            raise BadSQL("Behind its escape a pattern of LIKE has %, _ or the escape itself.")
        return Typed(f"({value.sql} {word} {pattern.sql} ESCAPE {mark.sql})", BOOLEAN)

    def _escape(self, node: exp.Escape) -> Typed:
        if not isinstance(node.this, exp.Like):
            raise Refused("ESCAPE belongs to LIKE.")
        return self._like(node.this, node.expression)

    def _pipes(self, node: exp.DPipe) -> Typed:
        left, right = self.of(node.left), self.of(node.right)
        kinds = [left.type, right.type]
        if "array" in (left.type.name, right.type.name):
            inner = [kind.element.name if kind.name == "array" else kind.name for kind in kinds]
            if "unknown" in inner and ("array" in inner or "unknown" in (k.name for k in kinds)):
                raise BadSQL("What is null here may be an array or an element of one: CAST it.")
        found = self._operator("concat", left, right)
        if found is None:
            raise BadSQL(f'"||" does not take {left.type} and {right.type}.')
        return found

    # Conditional

    def _case(self, node: exp.Case) -> Typed:
        subject = node.this
        pairs = []
        for branch in node.args["ifs"]:
            if subject is None:
                met = self.condition(branch.this)
            else:
                met = self.compared("eq", self.of(subject), self.of(branch.this))
            pairs.append((met, self.of(branch.args["true"])))
        default = node.args.get("default")
        other = Typed("NULL", types.UNKNOWN) if default is None else self.of(default)
        return self._cases([met for met, _ in pairs], [value for _, value in pairs], other)

    def _cases(self, conditions: list[Typed], values: list[Typed], other: Typed) -> Typed:
        *values, other = self.alike([*values, other], "What CASE gives")
        pairs = zip(conditions, values, strict=True)
        cases = " ".join(f"WHEN {met.sql} THEN {value.sql}" for met, value in pairs)
        return Typed(f"(CASE {cases} ELSE {other.sql} END)", other.type)

    def _if(self, node: exp.If) -> Typed:
        other = node.args.get("false")
        return self._cases(
            [self.condition(node.this)],
            [self.of(node.args["true"])],
            Typed("NULL", types.UNKNOWN) if other is None else self.of(other),
        )

    def _coalesce(self, node: exp.Anonymous) -> Typed:
        if len(node.expressions) < 2:
            raise BadSQL("coalesce takes at least two values.")
        values = self.alike(self.many(node.expressions), "What coalesce takes")
        return Typed(f"coalesce({', '.join(v.sql for v in values)})", values[0].type)

    def _nullif(self, node: exp.Anonymous) -> Typed:
        left, right = self._two(node)
        same = self.compared("eq", left, right)
        return Typed(f"(CASE WHEN {same.sql} THEN NULL ELSE {left.sql} END)", left.type)

    def _two(self, node: exp.Anonymous) -> list[Typed]:
        if len(node.expressions) != 2:
            raise BadSQL(f"{node.name} takes two values.")
        return self.many(node.expressions)

    def _try(self, node: exp.Anonymous) -> Typed:
        if len(node.expressions) != 1:
            raise BadSQL("try takes one value.")
        value = self.of(node.expressions[0])
        return _tried(value)

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
            return _tried(made)
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

    # Subqueries

    def _subquery(self, node: exp.Expr) -> Typed:
        query = self.statements.query(node, self.scope)
        if len(query.columns) != 1:
            raise BadSQL("A subquery that stands for a value must have one column.")
        return Typed(f"({query.sql})", query.columns[0][1])

    def _exists(self, node: exp.Exists) -> Typed:
        return Typed(f"EXISTS ({self.statements.query(node.this, self.scope).sql})", BOOLEAN)

    # Functions

    def _function(self, node: exp.Anonymous) -> Typed:
        name = node.name.lower()
        special = _SPECIAL.get(name)
        if special is not None:
            return special(self, node)
        return self._invoked(node)

    def _invoked(
        self,
        node: exp.Anonymous,
        suffix: str = "",
        over: bool = False,
        within: Sequence[exp.Expr] = (),
    ) -> Typed:
        """A call, with FILTER and OVER behind it in `suffix`, and the order of its rows within."""
        name = node.name.lower()
        nodes = list(node.expressions)
        distinct, order = "", self.order(within)
        if name == "listagg" and not within:
            raise BadSQL("LISTAGG needs WITHIN GROUP (ORDER BY …).")
        if nodes and isinstance(nodes[-1], exp.Order):
            order = self.order(nodes[-1].expressions)
            nodes[-1] = nodes[-1].this
        if nodes and isinstance(nodes[0], exp.Distinct):
            nodes[:1] = nodes[0].expressions
            distinct = "DISTINCT "
            if over:
                raise BadSQL("A window function takes no DISTINCT.")
        if name == "count" and len(nodes) == 1 and isinstance(nodes[0], exp.Star):
            nodes = []
        return self.call(name, [self._argument(each) for each in nodes], distinct, order, suffix)

    def _argument(self, node: exp.Expr) -> Argument:
        if not isinstance(node, exp.Lambda):
            return self.of(node)

        def function(kinds: Sequence[Type]) -> Function:
            names = [each.name for each in node.expressions]
            if len(names) != len(kinds):
                raise BadSQL(f"This function takes {len(kinds)} parameters, not {len(names)}.")

            def body(*arguments: str) -> Typed:
                values = map(Typed, arguments, kinds)
                scope = self.scope.within(dict(zip(names, values, strict=True)))
                return Expressions(self.statements, scope).of(node.this)

            unique = tuple(quoted(f"{name}${self.statements.number()}") for name in names)
            return Function.of(unique, body)

        return function

    def call(
        self,
        name: str,
        arguments: Sequence[Argument],
        distinct: str = "",
        order: str = "",
        suffix: str = "",
    ) -> Typed:
        """A call of a function by its name in Trino."""
        overloads = functions.FUNCTIONS.get(name)
        if overloads is None:
            if name in functions.REFUSED:
                raise Refused(f'The function "{name}" is not known here.')
            raise BadSQL(f'There is no function "{name}".{nearest(name, functions.FUNCTIONS)}')
        if len(arguments) > MAX_ARGUMENTS:
            raise BadSQL(f'"{name}" takes {MAX_ARGUMENTS} arguments at most, as any function.')
        found = match(overloads, arguments)
        if found is None:
            kinds = ", ".join(
                str(each.type) if isinstance(each, Typed) else "function" for each in arguments
            )
            raise BadSQL(f'"{name}" does not take these types: {name}({kinds}).')
        kind = found.overload.kind
        if kind == "scalar" and (distinct or order or suffix):
            raise BadSQL(f'"{name}" is no aggregate.')
        if kind == "window" and " OVER " not in suffix:
            raise BadSQL(f'"{name}" needs a window: OVER (…).')
        args, result, bound = found.call.args, found.call.result, found.call.bound
        return _written(found, Call(args, result, bound, distinct, order, suffix))

    def _filter(self, node: exp.Filter, over: str = "") -> Typed:
        function = node.this
        condition = self.condition(node.expression.this)
        suffix = f" FILTER (WHERE {condition.sql}){over}"
        if isinstance(function, exp.WithinGroup):
            return self._within(function, suffix, bool(over))
        if not isinstance(function, exp.Anonymous):
            raise Refused("FILTER belongs to an aggregate.")
        return self._invoked(function, suffix, bool(over))

    def _within(self, node: exp.WithinGroup, suffix: str = "", over: bool = False) -> Typed:
        """LISTAGG, whose order stands behind it."""
        function, order = node.this, node.expression
        if not isinstance(function, exp.Anonymous) or function.name.lower() != "listagg":
            raise BadSQL("WITHIN GROUP belongs to LISTAGG.")
        return self._invoked(function, suffix, over, order.expressions)

    def _window(self, node: exp.Window) -> Typed:
        over = f" OVER {self.window(node)}"
        function = node.this
        if isinstance(function, exp.IgnoreNulls | exp.RespectNulls):
            if isinstance(function, exp.IgnoreNulls):
                over = f"{IGNORE}{over}"
            function = function.this
        if isinstance(function, exp.Filter):
            return self._filter(function, over)
        if isinstance(function, exp.WithinGroup):
            return self._within(function, over, True)
        if not isinstance(function, exp.Anonymous):
            raise Refused("OVER belongs to a function.")
        return self._invoked(function, over, over=True)

    def window(self, node: exp.Window) -> str:
        """A window, in brackets: its partitions, its order and its frame."""
        if node.args.get("first"):
            raise Refused("Here a window takes no FIRST.")
        named = node.args.get("alias")
        parts = [quoted(named.name)] if named else []
        if partitions := node.args.get("partition_by"):
            keys = [self.key(self.of(each)) for each in partitions]
            parts.append(f"PARTITION BY {', '.join(keys)}")
        if order := node.args.get("order"):
            parts.append(f"ORDER BY {self.order(order.expressions)}")
        if spec := node.args.get("spec"):
            parts.append(self._frame(spec))
        return f"({' '.join(parts)})"

    def _frame(self, spec: exp.WindowSpec) -> str:
        kind = spec.text("kind").lower()
        if kind not in _FRAMES or spec.args.get("exclude"):
            raise Refused("This kind of window frame is not known here.")
        start = self._bound(spec, "start", kind)
        end = self._bound(spec, "end", kind) if spec.args.get("end") else "CURRENT ROW"
        return f"{kind.upper()} BETWEEN {start} AND {end}"

    def _bound(self, spec: exp.WindowSpec, which: str, kind: str) -> str:
        value, side = spec.args[which], spec.args.get(f"{which}_side") or ""
        if isinstance(value, str):
            return f"{value} {side}".strip()
        offset = self.of(value)
        if kind == "range" and offset.type.name not in numeric.NUMBERS:
            raise Refused(f"A RANGE of {offset.type} is not known here.")
        return f"{offset.sql} {side}"

    def order(self, nodes: Sequence[exp.Expr]) -> str:
        """What stands behind ORDER BY in a window or an aggregate."""
        return ", ".join(self.ordered(node, self.of(node.this)) for node in nodes)

    def ordered(self, node: exp.Expr, value: Typed | str) -> str:
        """One key of ORDER BY. Nulls come last, whichever the direction, where nothing is said."""
        direction = "DESC" if node.args.get("desc") else "ASC"
        nulls = "FIRST" if node.args.get("nulls_first") else "LAST"
        key = value if isinstance(value, str) else self.key(value)
        return f"{key} {direction} NULLS {nulls}"

    def key(self, value: Typed) -> str:
        """What a value is grouped and ordered by."""
        if value.type.name == "map" or value.type.name == "json":
            raise Refused(f"{value.type} is no key here.")
        return value.moment if value.type.name.endswith("zone") else value.sql

    def _typeof(self, node: exp.Anonymous) -> Typed:
        told = str(self.of(node.expressions[0]).type)
        return Typed(text(told), types.VARCHAR, told)

    def _format(self, node: exp.Anonymous) -> Typed:
        return formatter.formatted(self.many(node.expressions))

    def _grouping(self, node: exp.Anonymous) -> Typed:
        keys = ", ".join(value.sql for value in self.many(node.expressions))
        return Typed(f"CAST(grouping({keys}) AS INTEGER)", types.INTEGER)


IGNORE = " IGNORE NULLS"


def _all_of(node: exp.Expr) -> exp.Expr | None:
    """What ALL compares with where sqlglot takes it for a function, as it does with VALUES."""
    if not isinstance(node, exp.Anonymous) or node.name.lower() != "all":
        return None
    [*values] = node.expressions
    return values[0] if len(values) == 1 and isinstance(values[0], exp.Values) else None


def _written(found: Match, call: Call) -> Typed:
    write = found.overload.write
    made = call.write(write) if isinstance(write, str) else write(call)
    return made if isinstance(made, Typed) else Typed(made, call.result)


def _tried_unless_refused(value: Typed) -> Typed:
    """TRY of a number that is rounded: a null where `t_round` refuses would be no value of Trino's.

    It refuses where there is a null, and would be none if any number were rounded.
    """
    lenient = value.sql.replace("t_round(", "t_round_any(")
    if value.parts or helpers.refusing(lenient):
        raise Refused("TRY of what may be refused while it runs is not known here.")
    refused = "t_refuse_text('round of a number as large as this is not known here')"
    return Typed(
        f"(CASE WHEN TRY({value.sql}) IS NULL AND TRY({lenient}) IS NOT NULL "
        f"THEN CAST({refused} AS {value.type.duckdb}) ELSE TRY({value.sql}) END)",
        value.type,
    )


def _tried(value: Typed) -> Typed:
    if helpers.refusing(value.sql):
        return _tried_unless_refused(value)
    if value.parts:  # DuckDB's TRY does not catch what fails in the condition of a CASE
        return zoned(f"TRY({value.moment})", value.zone, value.type)
    return Typed(f"TRY({value.sql})", value.type)


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
    exp.ParseJSON: frozenset({"this", "is_literal"}),
    sqljson.SqlJson: frozenset(sqljson.SqlJson.arg_types),
    exp.Interval: frozenset({"this", "unit"}),
    exp.Div: _OPERANDS | {"typed", "safe"},  # what other dialects' divisions do
    exp.DPipe: _OPERANDS | {"safe"},
    exp.Like: _OPERANDS | {"negate"},
    exp.Between: frozenset({"this", "low", "high"}),
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
    exp.ParseJSON: Expressions._json,
    sqljson.SqlJson: Expressions._sql_json,
    exp.Interval: Expressions._interval,
    exp.Paren: Expressions._paren,
    exp.Neg: Expressions._neg,
    **dict.fromkeys(_ARITHMETIC, Expressions._arithmetic),
    **dict.fromkeys(_COMPARISONS, Expressions._comparison),
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

"""Calls of functions, aggregates and windows, with FILTER, WITHIN GROUP and OVER."""

from collections.abc import Sequence

from sqlglot import exp

from queries.engine.errors import BadSQL, Refused, nearest
from queries.engine.trino import functions, numeric
from queries.engine.trino.registry import Argument, Call, Match, match
from queries.engine.trino.translator import Translator
from queries.engine.trino.typed import Function, Typed
from queries.engine.trino.types import Type, quoted

_FRAMES = ("rows", "range", "groups")
MAX_ARGUMENTS = 127
"""How many a call may have: Trino's analyzer refuses more."""
IGNORE = " IGNORE NULLS"


class Calls(Translator):
    """Translates calls."""

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
        if over and (within or (nodes and isinstance(nodes[-1], exp.Order))):
            raise BadSQL(f'"{name}" takes no ORDER BY of its own where it stands over a window.')
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
                return type(self)(self.statements, scope).of(node.this)

            # The same for the same lambda: DuckDB finds a key of GROUP BY by how it is written.
            depth = len(self.scope.parameters)
            unique = tuple(quoted(f"{name}${depth}") for name in names)
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
        return written(found, Call(args, result, bound, distinct, order, suffix))

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
        bare = node.args.get("alias") and "spec" not in node.args  # OVER w, and not OVER (w)
        over = f" OVER {quoted(node.args['alias'].name) if bare else self.window(node)}"
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
        if named:
            _check_reference(node, named.name)
        parts = [quoted(named.name)] if named else []
        if partitions := node.args.get("partition_by"):
            keys = [self.key(self.of(each)) for each in partitions]
            parts.append(f"PARTITION BY {', '.join(keys)}")
        order = node.args.get("order") or _inherited(node, "order")
        if order is not None and node.args.get("order"):
            parts.append(f"ORDER BY {self.order(order.expressions)}")
        if spec := node.args.get("spec"):
            key = self.of(order.expressions[0].this) if order else None
            parts.append(self._frame(spec, key))
        return f"({' '.join(parts)})"

    def _frame(self, spec: exp.WindowSpec, key: Typed | None) -> str:
        kind = spec.text("kind").lower()
        if kind not in _FRAMES or spec.args.get("exclude"):
            raise Refused("This kind of window frame is not known here.")
        start = self._bound(spec, "start", kind, key)
        end = self._bound(spec, "end", kind, key) if spec.args.get("end") else "CURRENT ROW"
        return f"{kind.upper()} BETWEEN {start} AND {end}"

    def _bound(self, spec: exp.WindowSpec, which: str, kind: str, key: Typed | None) -> str:
        value, side = spec.args[which], spec.args.get(f"{which}_side") or ""
        if isinstance(value, str):
            return f"{value} {side}".strip()
        offset = self.of(value)
        made = offset.sql
        if not isinstance(value, exp.Literal):
            sentence = "Window frame offset must not be negative or null"
            failed = f"CAST(t_fail('{sentence}') AS {offset.type.duckdb})"
            bad = f"{offset.sql} IS NULL OR {offset.sql} < 0"
            made = f"(CASE WHEN {bad} THEN {failed} ELSE {offset.sql} END)"
        if kind == "range" and offset.type.name in numeric.NUMBERS:
            if key is not None and key.type.name not in numeric.NUMBERS:
                raise BadSQL(f"A RANGE of {offset.type} is none about {key.type}.")
        elif kind == "range":
            made = _span(Typed(made, offset.type), key)
        return f"{made} {side}"

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


def _span(offset: Typed, key: Typed | None) -> str:
    """How far a RANGE goes about a date or a time, as an interval of DuckDB's."""
    of = "" if key is None else key.type.name
    fine = key is not None and key.type.precision > 6
    match offset.type.name:
        case "interval year to month" if of in ("date", "timestamp") and not fine:
            return f"to_months({offset.sql})"
        case "interval day to second" if of == "date":
            sentence = "A date takes no hours, minutes or seconds"
            failed = f"CAST(t_fail('{sentence}') AS BIGINT)"
            days = f"CASE WHEN {offset.sql} % 86400000 = 0 THEN {offset.sql} ELSE {failed} END"
            return f"to_milliseconds({days})"
        case "interval day to second" if of.startswith("timestamp") and not fine:
            return f"to_milliseconds({offset.sql})"
    raise Refused(f"A RANGE of {offset.type} about {of or 'nothing'} is not known here.")


def _named(node: exp.Window) -> exp.Window | None:
    """The window that another is made of, where the SELECT names one so."""
    select, named = node.find_ancestor(exp.Select), node.args.get("alias")
    windows = (select.args.get("windows") if select else None) or []
    return next((each for each in windows if named and each.this.name == named.name), None)


def _inherited(node: exp.Window, part: str) -> exp.Expr | None:
    """A part of the window that another is made of."""
    of = _named(node)
    return None if of is None or of is node else of.args.get(part) or _inherited(of, part)


def _check_reference(node: exp.Window, name: str) -> None:
    """That a window may be made of the one that is named: by Trino's `StatementAnalyzer`."""
    of = _named(node)
    if node.args.get("partition_by"):
        raise BadSQL("A window that is made of another takes no PARTITION BY.")
    if of is not None and of.args.get("spec"):
        raise BadSQL(f'The window "{name}" has a frame, so no other can be made of it.')


def written(found: Match, call: Call) -> Typed:
    """A call of the function or operator that was found."""
    write = found.overload.write
    made = call.write(write) if isinstance(write, str) else write(call)
    return made if isinstance(made, Typed) else Typed(made, call.result)

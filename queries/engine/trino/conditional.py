"""CASE, IF, COALESCE, NULLIF and TRY."""

from sqlglot import exp

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino import helpers, types
from queries.engine.trino.operators import Operators
from queries.engine.trino.typed import Typed, zoned


class Conditional(Operators):
    """Translates what chooses between values."""

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
        return tried(value)


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


def tried(value: Typed) -> Typed:
    if helpers.refusing(value.sql):
        return _tried_unless_refused(value)
    if value.parts:  # DuckDB's TRY does not catch what fails in the condition of a CASE
        return zoned(f"TRY({value.moment})", value.zone, value.type)
    return Typed(f"TRY({value.sql})", value.type)

"""Mathematical functions: https://trino.io/docs/current/functions/math.html"""

from queries.engine.trino.registry import Family

functions = Family()
operators = Family()

for _kind in ("tinyint", "smallint", "integer", "bigint", "real", "double"):
    functions(f"abs({_kind}) -> {_kind}", "abs({0})")
functions("abs(decimal(p, s)) -> decimal(p, s)", "abs({0})")
functions("random() -> double", "random()")
functions("rand() -> double", "random()")
functions("sqrt(double) -> double", "CASE WHEN {0} < 0 THEN 'NaN'::DOUBLE ELSE sqrt({0}) END")
# Any null makes it null, where DuckDB leaves nulls out.
functions(
    "greatest(T...) -> T",
    lambda call: f"CASE WHEN {_none_null(call)} THEN greatest({_all(call)}) END",
)
functions(
    "least(T...) -> T", lambda call: f"CASE WHEN {_none_null(call)} THEN least({_all(call)}) END"
)


def _none_null(call: object) -> str:
    return " AND ".join(f"{arg.sql} IS NOT NULL" for arg in call.args)  # type: ignore[attr-defined]


def _all(call: object) -> str:
    return ", ".join(arg.sql for arg in call.args)  # type: ignore[attr-defined]

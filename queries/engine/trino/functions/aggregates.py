"""Aggregates: https://trino.io/docs/current/functions/aggregate.html"""

from queries.engine.trino import types
from queries.engine.trino.registry import Call, Family
from queries.engine.trino.types import Type

functions = Family()
operators = Family()

functions.aggregate("count() -> bigint", "@count()")
functions.aggregate("count(T) -> bigint", "@count({0})")
functions.aggregate("count_if(boolean) -> bigint", "@count(CASE WHEN {0} THEN 1 END)")
functions.aggregate("sum(bigint) -> bigint", "CAST(@sum({0}) AS BIGINT)")
functions.aggregate("sum(double) -> double", "@sum({0})")
functions.aggregate("sum(real) -> real", "CAST(@sum({0}) AS FLOAT)")
functions.aggregate(
    "sum(decimal(p, s)) -> decimal(p, s)",
    "CAST(@sum({0}) AS {type})",
    result=lambda bound: types.decimal(38, _scale(bound)),
)
functions.aggregate("avg(double) -> double", "@avg({0})")
functions.aggregate("avg(bigint) -> double", "@avg({0})")


def _scale(bound: dict[str, Type | int | None]) -> int:
    scale = bound["s"]
    return scale if isinstance(scale, int) else 0


def _least(call: Call) -> str:
    return call.aggregate("min", call[0])


def _most(call: Call) -> str:
    return call.aggregate("max", call[0])


functions.aggregate("min(T) -> T", _least)
functions.aggregate("max(T) -> T", _most)
functions.aggregate("array_agg(T) -> array(T)", "@list({0})")

"""Aggregates: https://trino.io/docs/current/functions/aggregate.html

Where Trino estimates (`approx_…`) the value here is exact, as Trino's is for few rows.
"""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino import numeric, types
from queries.engine.trino.functions.collecting import check_key
from queries.engine.trino.helpers import macro, python
from queries.engine.trino.registry import Binding, Call, Family
from queries.engine.trino.typed import Typed
from queries.engine.trino.types import Type

pc: Any = pyarrow.compute

functions = Family()
operators = Family()

_FLOATS = ("real", "double")


def _scale(bound: Binding) -> int:
    scale = bound["s"]
    return scale if isinstance(scale, int) else 0


# Counts, sums and averages.
functions.aggregate("count() -> bigint", "@count()")
functions.aggregate("count(T) -> bigint", "@count({0})")
functions.aggregate("count_if(boolean) -> bigint", "@count(CASE WHEN {0} THEN 1 END)")
functions.aggregate("sum(bigint) -> bigint", "CAST(@sum({0}) AS BIGINT)")
functions.aggregate("sum(double) -> double", "@sum({0})")
functions.aggregate("sum(real) -> real", "CAST(@sum(CAST({0} AS DOUBLE)) AS FLOAT)")
functions.aggregate(
    "sum(decimal(p, s)) -> decimal(p, s)",
    "CAST(@sum({0}) AS {type})",
    result=lambda bound: types.decimal(38, _scale(bound)),
)
functions.aggregate("avg(double) -> double", "@avg({0})")
functions.aggregate("avg(bigint) -> double", "@avg({0})")
functions.aggregate("avg(real) -> real", "CAST(@avg(CAST({0} AS DOUBLE)) AS FLOAT)")


def _average(call: Call) -> str:
    """Halves away from zero; the same digits as the values have."""
    total = Typed(call.aggregate("sum", call[0]), types.decimal(38, call.result.scale))
    quotient = f"t_quotient({numeric.whole(total)}, {call.aggregate('count', call[0])})"
    return numeric.scaled(quotient, call.result)


functions.aggregate("avg(decimal(p, s)) -> decimal(p, s)", _average)
functions.aggregate("geometric_mean(double) -> double", "exp(@avg(ln({0})))")
functions.aggregate("geometric_mean(bigint) -> double", "exp(@avg(ln({0})))")
functions.aggregate(
    "geometric_mean(real) -> real", "CAST(exp(@avg(ln(CAST({0} AS DOUBLE)))) AS FLOAT)"
)

# Truth and bits.
for _name, _how in (("bool_and", "bool_and"), ("every", "bool_and"), ("bool_or", "bool_or")):
    functions.aggregate(f"{_name}(boolean) -> boolean", f"@{_how}({{0}})")
for _name in ("and", "or", "xor"):
    functions.aggregate(f"bitwise_{_name}_agg(bigint) -> bigint", f"@bit_{_name}({{0}})")


# The least and the most. NaN is neither where there is a number.
def _ordered(kind: Type, name: str) -> None:
    if kind.name in ("map", "json"):
        raise BadSQL(f"{kind} has no order.")
    if kind.name in ("array", "row") or kind.name.endswith("zone"):
        raise Refused(f"{name} of {kind} is not known here.")


def _least(call: Call) -> str:
    _ordered(call.args[0].type, "min")
    return call.aggregate("min", call[0])


def _most(call: Call) -> str:
    _ordered(call.args[0].type, "max")
    if call.args[0].type.name in _FLOATS:
        numbers = call.aggregate("max", f"CASE WHEN NOT isnan({call[0]}) THEN {call[0]} END")
        return f"coalesce({numbers}, {call.aggregate('max', call[0])})"
    return call.aggregate("max", call[0])


functions.aggregate("min(T) -> T", _least)
functions.aggregate("max(T) -> T", _most)

macro(
    "t_count_of(n)",
    "CASE WHEN n BETWEEN 1 AND 10000 THEN n "
    "ELSE CAST(t_fail('n must be positive, and at most 10000: ' || n) AS BIGINT) END",
)
# The first of a sorted list, without its nulls; null where there are none.
macro("t_first(l, n)", "CASE WHEN len(l) > 0 THEN l[1:t_count_of(n)] END")


def _sorted(values: str, way: str) -> str:
    return f"list_sort({values}, '{way}', 'NULLS LAST')"


def _several(way: str, name: str) -> Callable[[Call], str]:
    def write(call: Call) -> str:
        _ordered(call.args[0].type, name)
        values = call.aggregate("list", call[0])
        known = f'list_filter({values}, lambda "v$": "v$" IS NOT NULL)'
        if call.args[0].type.name in _FLOATS:
            raise Refused(f"{name} of several {call.args[0].type} is not known here.")
        return f"t_first({_sorted(known, way)}, {call[1]})"

    return write


functions.aggregate("min(T, bigint) -> array(T)", _several("ASC", "min"))
functions.aggregate("max(T, bigint) -> array(T)", _several("DESC", "max"))


def _by(name: str, how: str) -> Callable[[Call], str]:
    def write(call: Call) -> str:
        kind = call.args[1].type
        _ordered(kind, name)
        key = call[1]
        if kind.name in _FLOATS and name == "max_by":
            key = f"CASE WHEN isnan({key}) THEN '-Infinity'::{kind.duckdb} ELSE {key} END"
        return call.aggregate(how, call[0], key)

    return write


def _several_by(name: str, way: str) -> Callable[[Call], str]:
    def write(call: Call) -> str:
        kind = call.args[1].type
        _ordered(kind, name)
        if kind.name in _FLOATS:
            raise Refused(f"{name} of several by {kind} is not known here.")
        pairs = call.aggregate("list", f"struct_pack(k := {call[1]}, v := {call[0]})")
        known = f'list_filter({pairs}, lambda "p$": "p$".k IS NOT NULL)'
        values = f'list_transform({_sorted(known, way)}, lambda "p$": "p$".v)'
        return f"t_first({values}, {call[2]})"

    return write


functions.aggregate("max_by(T, U) -> T", _by("max_by", "arg_max_null"))
functions.aggregate("min_by(T, U) -> T", _by("min_by", "arg_min_null"))
functions.aggregate("max_by(T, U, bigint) -> array(T)", _several_by("max_by", "DESC"))
functions.aggregate("min_by(T, U, bigint) -> array(T)", _several_by("min_by", "ASC"))

# Any of the values, but null.
for _name in ("arbitrary", "any_value"):
    functions.aggregate(f"{_name}(T) -> T", "@any_value({0})")
# Statistics.
for _name, _how in (
    ("stddev", "stddev_samp"),
    ("stddev_samp", "stddev_samp"),
    ("stddev_pop", "stddev_pop"),
    ("variance", "var_samp"),
    ("var_samp", "var_samp"),
    ("var_pop", "var_pop"),
    ("kurtosis", "kurtosis"),
):
    for _kind in ("bigint", "double"):
        functions.aggregate(f"{_name}({_kind}) -> double", f"@{_how}({{0}})")
# Of all there are, where DuckDB's is of a sample.
for _kind in ("bigint", "double"):
    functions.aggregate(
        f"skewness({_kind}) -> double",
        "(@skewness({0}) * (@count({0}) - 2) / sqrt(CAST(@count({0}) AS DOUBLE) * "
        "(@count({0}) - 1)))",
    )
for _name in ("covar_pop", "covar_samp", "corr", "regr_slope", "regr_intercept"):
    _made = f"@{_name}({{0}}, {{1}})"
    if _name in ("corr", "regr_slope", "regr_intercept"):
        _made = f"CASE WHEN NOT isnan({_made}) THEN {_made} END"
    functions.aggregate(f"{_name}(double, double) -> double", _made)
    functions.aggregate(
        f"{_name}(real, real) -> real",
        f"CAST({_made} AS FLOAT)".replace("{0}", "{0}::DOUBLE").replace("{1}", "{1}::DOUBLE"),
    )
macro(
    "t_entropy(total, logs)",
    "CASE WHEN total > 0 THEN greatest(ln(total) - logs / total, 0) / ln(2) ELSE 0 END",
)
macro(
    "t_not_negative(x)",
    "CASE WHEN x < 0 THEN CAST(t_fail('Entropy count argument must be non-negative') AS DOUBLE) "
    "ELSE x END",
)
functions.aggregate(
    "entropy(bigint) -> double",
    "t_entropy(@sum(t_not_negative(CAST({0} AS DOUBLE))), "
    "@sum(CASE WHEN {0} > 0 THEN {0} * ln({0}) ELSE 0 END))",
)


# Estimates in Trino.
def _distinct(call: Call) -> str:
    kind = call.args[0].type
    if kind.name in ("map", "json", "array", "row") or kind.name.endswith("zone"):
        raise Refused(f"approx_distinct of {kind} is not known here.")
    if call.distinct:
        return call.aggregate("count", call[0])
    return f"count(DISTINCT {call[0]}){call.suffix}"


functions.aggregate("approx_distinct(T) -> bigint", _distinct)
functions.aggregate("approx_distinct(T, double) -> bigint", _distinct)

macro(
    "t_share(q)",
    "CASE WHEN q BETWEEN 0 AND 1 THEN q "
    "ELSE CAST(t_fail('Percentile must be between 0 and 1') AS DOUBLE) END",
)
macro("t_at(l, q)", "l[CAST(least(floor(t_share(q) * len(l)), len(l) - 1) AS BIGINT) + 1]")


def _percentile(call: Call) -> str:
    known = f'list_filter({call.aggregate("list", call[0])}, lambda "v$": "v$" IS NOT NULL)'
    ordered = f"t_some(list_sort({known}))"
    if call.args[1].type.name == "array":
        several = f'list_transform({call[1]}, lambda "q$": t_at({ordered}, "q$"))'
        return f"CASE WHEN {ordered} IS NOT NULL THEN {several} END"
    return f"t_at({ordered}, {call[1]})"


@python("t_weighted(DOUBLE[], DOUBLE[], DOUBLE)", "DOUBLE", pa.float64())
def _weighted(values: list[float], weights: list[float], share: float) -> float | None:
    """The value at a share of all weights, between two as a t-digest has it."""
    pairs = sorted(zip(values, weights, strict=True), key=lambda pair: pair[0])
    if not pairs:
        return None
    if not 0 <= share <= 1:
        raise ValueError("Percentile must be between 0 and 1")
    if min(weight for _, weight in pairs) <= 0:
        raise ValueError("percentile weight must be > 0")
    place = share * sum(weight for _, weight in pairs)
    if share == 0 or place < 1:
        return pairs[0][0]
    if share == 1:
        return pairs[-1][0]
    before = pairs[0][1] / 2
    if pairs[0][1] > 1 and place < before:
        return pairs[0][0]
    for (one, weight), (other, following) in zip(pairs, pairs[1:], strict=False):
        step = (weight + following) / 2
        if before + step > place:
            left, right = 0.5 * (weight == 1), 0.5 * (following == 1)
            if left and place - before < left:
                return one
            if right and before + step - place <= right:
                return other
            low, high = place - before - left, before + step - place - right
            return (one * high + other * low) / (high + low)
        before += step
    return pairs[-1][0]


def _weighted_percentile(call: Call) -> str:
    pairs = call.aggregate(
        "list", f"struct_pack(v := CAST({call[0]} AS DOUBLE), w := CAST({call[1]} AS DOUBLE))"
    )
    known = f'list_filter({pairs}, lambda "p$": "p$".v IS NOT NULL AND "p$".w IS NOT NULL)'
    values = f'list_transform({known}, lambda "p$": "p$".v)'
    weights = f'list_transform({known}, lambda "p$": "p$".w)'
    element = call.result.element if call.result.name == "array" else call.result

    def at(share: str) -> str:
        found = f"t_weighted({values}, {weights}, {share})"
        return f"CAST({'round' if element.name == 'bigint' else ''}({found}) AS {element.duckdb})"

    if call.result.name == "array":
        number = "len(coalesce(" + call[2] + ", []))"
        several = ", ".join(
            f"CASE WHEN {number} >= {n} THEN {at(f'({call[2]})[{n}]')} END" for n in range(1, 11)
        )
        shares = f"CASE WHEN {number} <= 10 THEN {number} ELSE CAST(t_fail("
        shares += "'approx_percentile takes at most ten shares with a weight here') AS BIGINT) END"
        return f"CASE WHEN len({known}) > 0 THEN ([{several}])[1:{shares}] END"
    return at(call[2])


for _kind in ("bigint", "real", "double"):
    functions.aggregate(f"approx_percentile({_kind}, double) -> {_kind}", _percentile)
    functions.aggregate(f"approx_percentile({_kind}, array(double)) -> array({_kind})", _percentile)
    functions.aggregate(
        f"approx_percentile({_kind}, double, double) -> {_kind}", _weighted_percentile
    )
    functions.aggregate(
        f"approx_percentile({_kind}, double, array(double)) -> array({_kind})",
        _weighted_percentile,
    )


def _most_frequent(call: Call) -> str:
    check_key(call.args[1].type)
    counts = f"map_entries({call.aggregate('histogram', call[1])})"
    checked = (
        f"CASE WHEN len({counts}) > {call[2]} THEN CAST(t_refuse_text('approx_most_frequent of "
        f"more values than its capacity is not known here') AS INTEGER) ELSE {call[0]} END"
    )
    ordered = (
        f'list_sort(list_transform({counts}, lambda "e$": '
        'struct_pack(c := "e$".value, k := "e$".key)), \'DESC\')'
    )
    pair = 'lambda "e$": struct_pack(k := "e$".k, v := "e$".c)'
    top = f"list_transform(({ordered})[1:{checked}], {pair})"
    return f"CAST(t_map(t_some({top})) AS {call.result.duckdb})"


for _kind in ("bigint", "varchar"):
    functions.aggregate(
        f"approx_most_frequent(bigint, {_kind}, bigint) -> map({_kind}, bigint)", _most_frequent
    )

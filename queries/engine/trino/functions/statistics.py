"""Buckets, distributions, vectors: https://trino.io/docs/current/functions/math.html"""

import math

import pyarrow as pa

from queries.engine.trino.helpers import macro, python
from queries.engine.trino.registry import Family

functions = Family()
operators = Family()


# Buckets.
macro(
    "t_bucket(x, a, b, n)",
    "CASE WHEN x IS NULL OR a IS NULL OR b IS NULL OR n IS NULL THEN NULL "
    "WHEN n <= 0 THEN CAST(t_fail('bucketCount must be greater than 0') AS BIGINT) "
    "WHEN isnan(x) THEN CAST(t_fail('operand must not be NaN') AS BIGINT) "
    "WHEN NOT isfinite(a) THEN CAST(t_fail('first bound must be finite') AS BIGINT) "
    "WHEN NOT isfinite(b) THEN CAST(t_fail('second bound must be finite') AS BIGINT) "
    "WHEN a = b THEN CAST(t_fail('bounds cannot equal each other') AS BIGINT) "
    "WHEN a < b THEN t_bucket_up(x, a, b, n) ELSE n - t_bucket_up(x, b, a, n) + 1 END",
)
macro(
    "t_bucket_up(x, a, b, n)",
    "CASE WHEN x < a THEN 0 WHEN x >= b THEN n + 1 "
    "ELSE CAST(trunc(CAST(n AS DOUBLE) * (x - a) / (b - a) + 1) AS BIGINT) END",
)
functions("width_bucket(double, double, double, bigint) -> bigint", "t_bucket({0}, {1}, {2}, {3})")


@python("t_bin(DOUBLE, DOUBLE[])", "BIGINT", pa.int64())
def _bin(value: float, bins: list[float | None]) -> int:
    if not bins:
        raise ValueError("Bins cannot be an empty array")
    if math.isnan(value):
        raise ValueError("Operand cannot be NaN")
    low, high = 0, len(bins)
    while low < high:
        middle = (low + high) // 2
        first, last, bound = bins[low] or 0.0, bins[high - 1] or 0.0, bins[middle] or 0.0
        if first > last:
            raise ValueError("Bin values are not sorted in ascending order")
        if not math.isfinite(bound):
            raise ValueError("Bin values must be finite")
        if value < bound:
            high = middle
        else:
            low = middle + 1
    return low


functions("width_bucket(double, array(double)) -> bigint", "t_bin({0}, {1})")


# Statistics, by the series of Commons Math that Trino takes them from.
@python("t_normal_cdf(DOUBLE, DOUBLE, DOUBLE)", "DOUBLE", pa.float64())
def _normal_cdf(mean: float, deviation: float, value: float) -> float:
    if not deviation > 0:
        raise ValueError("standardDeviation must be > 0")
    return 0.5 * (1 + _erf((value - mean) / (deviation * math.sqrt(2))))


def _erf(x: float) -> float:
    if math.isnan(x):
        return x
    if abs(x) > 40:
        return math.copysign(1.0, x)
    return math.copysign(_gamma_p(x * x), x) if x else 0.0


def _gamma_p(x: float) -> float:
    """The regularised gamma function P(1/2, x)."""
    a = 0.5
    factor = math.exp(-x + a * math.log(x) - math.lgamma(a)) if x else 0.0
    if x >= a + 1:
        return 1 - 1 / _fraction(x, a) * factor
    term = total = 1 / a
    count = 0
    while abs(term / total) > 1e-15 and count < 10_000:
        count += 1
        term *= x / (a + count)
        total += term
    return factor * total


def _fraction(x: float, a: float) -> float:
    """A continued fraction, by Lentz's algorithm."""
    found = c = 1 - a + x
    d = 0.0
    for count in range(1, 10_000):
        one, other = 2 * count + 1 - a + x, count * (a - count)
        d = 1 / (one + other * d)
        c = one + other / c
        found *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return found


functions("normal_cdf(double, double, double) -> double", "t_normal_cdf({0}, {1}, {2})")


@python("t_wilson(BIGINT, BIGINT, DOUBLE, DOUBLE)", "DOUBLE", pa.float64())
def _wilson(successes: int, trials: int, z: float, sign: float) -> float:
    if successes < 0:
        raise ValueError("number of successes must not be negative")
    if trials <= 0:
        raise ValueError("number of trials must be positive")
    if successes > trials:
        raise ValueError("number of successes must not be larger than number of trials")
    if z < 0:
        raise ValueError("z-score must not be negative")
    p, n = successes / trials, float(trials)
    spread = sign * z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (p + z * z / (2 * n) + spread) / (1 + z * z / n)


for _name, _sign in (("lower", -1), ("upper", 1)):
    functions(
        f"wilson_interval_{_name}(bigint, bigint, double) -> double",
        f"t_wilson({{0}}, {{1}}, {{2}}, {_sign})",
    )


# Vectors as maps.
macro(
    "t_cosine(a, b)",
    "CASE WHEN a IS NULL OR b IS NULL OR t_has_null(map_values(a)) OR t_has_null(map_values(b)) "
    "THEN NULL ELSE t_dot(a, b) / (t_norm(map_values(a)) * t_norm(map_values(b))) END",
)
macro("t_has_null(l)", 'len(list_filter(l, lambda "v$": "v$" IS NULL)) > 0')
macro("t_norm(l)", 'sqrt(coalesce(list_sum(list_transform(l, lambda "v$": "v$" * "v$")), 0))')
macro(
    "t_dot(a, b)",
    'coalesce(list_sum(list_transform(map_entries(a), lambda "e$": '
    '"e$".value * coalesce(map_extract_value(b, "e$".key), 0))), 0)',
)
functions(
    "cosine_similarity(map(varchar, double), map(varchar, double)) -> double", "t_cosine({0}, {1})"
)

# Distributions whose last digits could be other ones here: what is no argument, and their ends.
_UNKNOWN = (
    "CAST(t_refuse_text('The last digits of this distribution are not known here') AS DOUBLE)"
)


def _ends(name: str, wrong: str, ends: str) -> None:
    macro(
        f"t_{name}(a, b, p)",
        "CASE WHEN a IS NULL OR b IS NULL OR p IS NULL THEN NULL "
        f"WHEN {wrong} THEN CAST(t_fail('{name} takes no such argument') AS DOUBLE) "
        f"{ends} ELSE {_UNKNOWN} END",
    )
    functions(f"{name}(double, double, double) -> double", f"t_{name}({{0}}, {{1}}, {{2}})")


for _name in ("beta_cdf", "inverse_beta_cdf"):
    _ends(
        _name,
        "NOT (a > 0 AND b > 0 AND p BETWEEN 0 AND 1) OR isnan(a) OR isnan(b) OR isnan(p)",
        "WHEN p = 0 THEN 0e0 WHEN p = 1 THEN 1e0",
    )
_ends(
    "inverse_normal_cdf",
    "NOT (p > 0 AND p < 1 AND b > 0) OR isnan(b) OR isnan(p)",
    "WHEN p = 0.5 THEN a",
)

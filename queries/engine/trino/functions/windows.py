"""Window functions: https://trino.io/docs/current/functions/window.html"""

from queries.engine.trino.helpers import macro
from queries.engine.trino.registry import Family

functions = Family()
operators = Family()

functions.window("row_number() -> bigint", "@row_number()")
functions.window("rank() -> bigint", "@rank()")
functions.window("dense_rank() -> bigint", "@dense_rank()")
functions.window("percent_rank() -> double", "@percent_rank()")
functions.window("cume_dist() -> double", "@cume_dist()")
macro(
    "t_buckets(n)",
    "CASE WHEN n <= 0 THEN CAST(t_fail('Buckets must be greater than 0') AS BIGINT) ELSE n END",
)
functions.window("ntile(bigint) -> bigint", "@ntile(t_buckets({0}))")

macro(
    "t_frame_offset(n)",
    "CASE WHEN n IS NULL THEN CAST(t_fail('Offset must not be null') AS BIGINT) "
    "WHEN n < 0 THEN CAST(t_fail('Offset must be at least 0') AS BIGINT) ELSE n END",
)
for _name in ("lag", "lead"):
    functions.window(f"{_name}(T) -> T", f"@{_name}({{0}})")
    functions.window(f"{_name}(T, bigint) -> T", f"@{_name}({{0}}, t_frame_offset({{1}}))")
    functions.window(
        f"{_name}(T, bigint, T) -> T", f"@{_name}({{0}}, t_frame_offset({{1}}), {{2}})"
    )
functions.window("first_value(T) -> T", "@first_value({0})")
functions.window("last_value(T) -> T", "@last_value({0})")
macro(
    "t_nth(n)",
    "CASE WHEN n IS NULL THEN CAST(t_fail('Offset must not be null') AS BIGINT) "
    "WHEN n < 1 THEN CAST(t_fail('Offset must be at least 1') AS BIGINT) ELSE n END",
)
functions.window("nth_value(T, bigint) -> T", "@nth_value({0}, t_nth({1}))")

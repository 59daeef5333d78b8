"""Arrays and lambdas: https://trino.io/docs/current/functions/array.html"""

from queries.engine.trino.helpers import macro
from queries.engine.trino.registry import Family

functions = Family()
operators = Family()

macro(
    "t_index(i, n)",
    "CASE WHEN i BETWEEN 1 AND n THEN i WHEN i = 0 THEN CAST(t_fail('SQL array indices start at "
    "1') AS BIGINT) WHEN i < 0 THEN CAST(t_fail('Array subscript is negative: ' || i) AS BIGINT) "
    "ELSE CAST(t_fail('Array subscript must be less than or equal to array length: ' || i || "
    "' > ' || n) AS BIGINT) END",
)
operators("subscript(array(T), bigint) -> T", "({0})[t_index({1}, len({0}))]")
functions("element_at(array(T), bigint) -> T", "({0})[t_element({1})]")
macro(
    "t_element(i)",
    "CASE WHEN i <> 0 THEN i ELSE CAST(t_fail('SQL array indices start at 1') AS BIGINT) END",
)
functions("cardinality(array(T)) -> bigint", "len({0})")
functions(
    "sequence(bigint, bigint) -> array(bigint)",
    "t_numbers({0}, {1}, CASE WHEN {0} <= {1} THEN 1 ELSE -1 END)",
)
functions("sequence(bigint, bigint, bigint) -> array(bigint)", "t_numbers({0}, {1}, {2})")
macro(
    "t_numbers(a, b, step)",
    'list_transform(range(0, t_count(b - a, step), 1), lambda "i$": a + "i$" * step)',
)
operators("concat(array(T), array(T)) -> array(T)", "list_concat({0}, {1})")

"""Window functions: https://trino.io/docs/current/functions/window.html"""

from queries.engine.trino.registry import Family

functions = Family()
operators = Family()

functions.window("row_number() -> bigint", "@row_number()")
functions.window("rank() -> bigint", "@rank()")
functions.window("dense_rank() -> bigint", "@dense_rank()")
functions.window("lag(T) -> T", "@lag({0})")
functions.window("lead(T) -> T", "@lead({0})")

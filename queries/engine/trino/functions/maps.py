"""Maps: https://trino.io/docs/current/functions/map.html"""

from queries.engine.trino.registry import Family

functions = Family()
operators = Family()
functions("cardinality(map(K, V)) -> bigint", "cardinality({0})")

"""The columns of queries: their names, and their types where queries meet."""

from collections.abc import Sequence

from sqlglot import exp

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino import casts
from queries.engine.trino.scopes import Query
from queries.engine.trino.typed import Typed
from queries.engine.trino.types import Type, quoted


def only(node: exp.Expr, known: set[str]) -> None:
    """Refuses a clause that is not known."""
    for name, value in node.args.items():
        if name not in known and value not in (None, False, [], ""):
            raise Refused(f"{name.strip('_').upper()} is not known here.")


def unique(columns: Sequence[tuple[str | None, Type]]) -> list[str]:
    """The names that DuckDB has for columns, of which two may be called alike."""
    names = [name or f"_col{place}" for place, (name, _) in enumerate(columns)]
    return [name if names.count(name) == 1 else f"{n}${name}" for n, name in enumerate(names)]


def named(query: Query, names: Sequence[str]) -> Query:
    """The query with other names for its columns, where there are any."""
    if not names:
        return query
    if len(names) != len(query.columns):
        raise BadSQL(f"There are {len(query.columns)} columns and {len(names)} names for them.")
    kinds = (kind for _, kind in query.columns)
    return Query(query.sql, tuple(zip(names, kinds, strict=True)))


def cast_query(query: Query, target: Query) -> Query:
    """The query with its columns as another's types are."""
    made, changed = [], False
    places = [f"c{place}" for place in range(len(query.columns))]
    for name, (_, kind), (_, to) in zip(places, query.columns, target.columns, strict=True):
        value = casts.coerced(Typed(f'"s".{quoted(name)}', kind), to)
        changed = changed or value.sql != f'"s".{quoted(name)}'
        made.append(value.sql)
    if not changed:
        return query
    names = ", ".join(quoted(name) for name in places)
    sql = f'SELECT {", ".join(made)} FROM ({query.sql}) AS "s"({names})'
    return Query(sql, target.columns)

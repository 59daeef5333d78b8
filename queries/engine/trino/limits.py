"""ORDER BY, OFFSET, LIMIT and FETCH FIRST, WITH TIES too."""

from collections.abc import Sequence

from sqlglot import exp

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino.protocols import Statement
from queries.engine.trino.relations import only
from queries.engine.trino.types import quoted


def limited(
    node: exp.Expr,
    body: str,
    order: list[str],
    width: int,
    chosen: Sequence[str] | None,
    statements: Statement,
) -> str:
    """The query with its order and limit. `chosen` is the SQL of its columns where what it is
    ordered by can be something else."""
    limit, offset = node.args.get("limit"), node.args.get("offset")
    count = None
    ties = False
    if isinstance(limit, exp.Fetch):
        options = limit.args.get("limit_options")
        ties = bool(options and options.args.get("with_ties"))
        if options and options.args.get("percent"):
            raise Refused("FETCH FIRST takes no percentage here.")
        count = limit.args.get("count") or exp.Literal.number(1)
    elif limit is not None:
        only(limit, {"expression"})
        count = limit.expression
    if isinstance(count, exp.Column | exp.Var) and count.name.lower() == "all":
        count = None
    numbers = {}
    for what, value in (("LIMIT", count), ("OFFSET", offset and offset.expression)):
        if value is None:
            continue
        if not (isinstance(value, exp.Literal) and value.is_int):
            raise statements.placed(BadSQL(f"{what} takes a whole number."), value)
        numbers[what] = value.this
    if ties:
        if not order:
            raise BadSQL("WITH TIES needs an ORDER BY.")
        first = int(numbers.get("OFFSET", 0))
        if chosen is None or all(key.split(" ", 1)[0].isdigit() for key in order):
            return _with_ties(body, order, int(numbers["LIMIT"]), first, width)
        return _qualified(body, order, int(numbers["LIMIT"]), first, chosen)
    if order:
        body += f" ORDER BY {', '.join(order)}"
    return " ".join([body, *(f"{what} {number}" for what, number in numbers.items())])


def _qualified(body: str, order: list[str], count: int, first: int, chosen: Sequence[str]) -> str:
    """As `_with_ties`, where the order is by what is not selected."""
    keys = []
    for key in order:
        place, _, rest = key.partition(" ")
        keys.append(f"{chosen[int(place) - 1]} {rest}" if place.isdigit() else key)
    over = f"OVER (ORDER BY {', '.join(keys)})"
    skipped = f"row_number() {over} > {first} AND " if first else ""
    ranked = f"rank() {over} <= {first + count}"
    return f"{body} QUALIFY {skipped}{ranked} ORDER BY {', '.join(order)}"


def _with_ties(body: str, order: list[str], count: int, first: int, width: int) -> str:
    """The first rows, and those that come in no other place than the last of them."""
    keys, directions = [], []
    for place, key in enumerate(order):
        expression, _, direction = key.rpartition(" NULLS ")
        expression, _, way = expression.rpartition(" ")
        keys.append(expression)
        directions.append(f'"k{place}" {way} NULLS {direction}')
    columns = [f"c{place}" for place in range(width)]
    names = ", ".join(quoted(name) for name in columns)
    outer = [f"{quoted(columns[int(key) - 1])}" if key.isdigit() else None for key in keys]
    if None in outer:
        raise Refused("WITH TIES is known here only where ORDER BY names what is selected.")
    ranked = ", ".join(
        f"{column} {direction.split(' ', 1)[1]}"
        for column, direction in zip(outer, directions, strict=True)
    )
    over = f"OVER (ORDER BY {ranked})"
    return (
        f'SELECT {names} FROM (SELECT *, rank() {over} AS "rank$", row_number() {over} AS "row$" '
        f'FROM ({body}) AS "t"({names})) WHERE "row$" > {first} AND "rank$" <= {first + count} '
        f"ORDER BY {ranked}"
    )

"""WITH RECURSIVE, as Trino runs it: a number of steps, and an error where they are too few."""

from collections.abc import Sequence

from queries.engine.trino.types import quoted

MAX_DEPTH = 10
"""How many steps Trino takes (`max_recursion_depth`), which no setting of Athena's changes."""


def unrolled(name: str, columns: Sequence[str], first: str, step: str, *, all_rows: bool) -> str:
    """The query whose first rows are `first`, and to which `step` adds as often as it finds rows.

    `step` reads the rows that the step before found under `name`; `columns` are quoted.
    """
    told = ", ".join(columns)
    steps = [quoted(f"{name}${depth}") for depth in range(MAX_DEPTH + 2)]
    made = [f"{steps[0]}({told}) AS MATERIALIZED ({first})"]
    made += [
        f"{one}({told}) AS MATERIALIZED "
        f"(WITH {quoted(name)}({told}) AS (SELECT * FROM {before}) {step})"
        for before, one in zip(steps, steps[1:], strict=False)
    ]
    union = " UNION ALL " if all_rows else " UNION "
    rows = union.join(f"SELECT * FROM {each}" for each in steps[:-1])
    sentence = f"Recursion depth limit exceeded ({MAX_DEPTH})"
    return (
        f"WITH {', '.join(made)} SELECT * FROM ({rows}) WHERE CASE WHEN "
        f"(SELECT count(*) FROM {steps[-1]}) > 0 THEN t_fail('{sentence}') ELSE true END"
    )

"""Runs Trino's expressions against the engine of a laptop: `python -m tests.queries.conformance`.

A file holds rows `{"expression", "value", "type", "error"}`: the value as JSON, numbers of other
types than integers and times as the text that a CAST to varchar gives; "error": true where Athena
gives an error; "unordered": true where rows come in any order, told sorted. Rows are equal,
refused or wrong.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from queries.engine import dialect, faults
from queries.engine.errors import BadSQL, QueryError, Refused
from queries.engine.parameters import Bound
from queries.engine.session import open_session
from queries.engine.trino import casts, helpers, types
from queries.engine.trino.typed import Typed
from queries.engine.trino.types import Type

FOLDER = Path(__file__).parents[1] / "cases" / "trino"


@dataclass(frozen=True)
class Outcome:
    """What became of a row: "equal", "refused" or "wrong", and why."""

    row: dict[str, Any]
    word: str
    got: str = ""


def outcomes(rows: Iterable[dict[str, Any]]) -> list[Outcome]:
    """What becomes of some rows, in one session."""
    with open_session(helpers.needed(helpers.known())) as session:
        return [outcome(row, session) for row in rows]


def outcome(row: dict[str, Any], session: duckdb.DuckDBPyConnection) -> Outcome:
    """Asks for one row's expression and compares."""
    source = row.get("query") or f"SELECT {row['expression']}"
    wants_error = bool(row.get("error"))
    try:
        value, kind = ask(source, session)
    except Refused as error:
        return Outcome(row, "refused", error.sentence)
    except QueryError as error:
        if wants_error:
            return Outcome(row, "equal")
        return Outcome(row, "refused" if isinstance(error, BadSQL) else "wrong", error.sentence)
    if row.get("unordered"):
        value = sorted(value, key=json.dumps)
    if wants_error:
        return Outcome(row, "wrong", f"{value!r} ({kind}) where there is an error")
    if "value" in row and value != row["value"]:
        return Outcome(row, "wrong", f"{value!r} ({kind})")
    if "type" in row and str(kind) != row["type"]:
        return Outcome(row, "wrong", f"its type is {kind}")
    return Outcome(row, "equal")


def ask(sql: str, session: duckdb.DuckDBPyConnection) -> tuple[Any, Type]:
    """The first value of a statement in JSON's terms, and its type."""
    bound = Bound("", sql, sql)
    plan = dialect.plan(bound, {}, "none")
    try:
        found = session.execute(_as_text(plan.sql, plan.columns)).fetchall()
    except duckdb.Error as error:
        session.execute("ROLLBACK")
        session.execute("BEGIN")
        raise faults.explain(error, bound, plan.sql, ()) from None
    kind = plan.columns[0][1]
    if len(found) == 1 and len(found[0]) == 1:
        return told(found[0][0], kind), kind
    kinds = [each for _, each in plan.columns]
    rows = [[told(v, k) for v, k in zip(row, kinds, strict=True)] for row in found]
    return [row[0] for row in rows] if len(kinds) == 1 else rows, kind


def told(value: Any, kind: Type) -> Any:
    """A value of DuckDB's in the suite's terms."""
    if value is None:
        return None
    match kind.name:
        case "array":
            return [told(each, kind.element) for each in value]
        case "map":
            key, other = kind.types
            if key.name in ("array", "map", "row"):  # what Python cannot have as a key
                value = dict(zip(map(str, value["key"]), value["value"], strict=True))
                return {k: told(v, other) for k, v in value.items()}
            return {str(told(k, key)): told(v, other) for k, v in value.items()}
        case "row":
            return [told(v, k) for v, k in zip(value.values(), kind.types, strict=True)]
        case "real" | "double":
            return _double(value)
        case "decimal":
            return format(value, "f")
        case "varbinary":
            return value.hex()
        case "uuid":
            return str(value)
    return value


def _double(value: float) -> Any:
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def _as_text(sql: str, columns: Sequence[tuple[str | None, Type]]) -> str:
    """The same query, its dates, times and intervals cast to text."""
    kinds = [(kind, _textual(kind)) for _, kind in columns]
    if all(told is None for _, told in kinds):
        return sql
    names = [f'"c{n}"' for n in range(len(kinds))]
    cast = [
        name if told is None or types.text_type(kind) else casts.cast(Typed(name, kind), told).sql
        for name, (kind, told) in zip(names, kinds, strict=True)
    ]
    return f"SELECT {', '.join(cast)} FROM ({sql}) AS q({', '.join(names)})"


def _textual(kind: Type) -> Type | None:
    if kind.name.split(" ")[0] in ("date", "time", "timestamp", "interval"):
        return types.VARCHAR
    parts = [_textual(part) for part in kind.types]
    if not any(parts):
        return None
    told = tuple(new or old for new, old in zip(parts, kind.types, strict=True))
    return Type(kind.name, told, kind.fields)


def read(files: Iterable[Path]) -> list[dict[str, Any]]:
    """The rows of some files."""
    return [row for file in files for row in json.loads(file.read_text("utf-8"))]


def main(arguments: list[str]) -> int:
    """Print equal, refused and wrong for each file, and each row that is wrong."""
    verbose = "-v" in arguments
    files = [Path(name) for name in arguments if name != "-v"] or sorted(FOLDER.glob("*.json"))
    total: Counter[str] = Counter()
    for file in files:
        found = outcomes(read([file]))
        counts = Counter(each.word for each in found)
        total += counts
        print(f"{file.stem}: {_numbers(counts)}")
        for each in found:
            if each.word == "wrong" or (verbose and each.word == "refused"):
                asked = each.row.get("query") or each.row["expression"]
                wanted = "error" if each.row.get("error") else repr(each.row.get("value"))
                print(f"  {each.word}: {asked} -> {each.got}; wanted {wanted}")
    print(f"all: {_numbers(total)}")
    return 1 if total["wrong"] else 0


def _numbers(counts: Counter[str]) -> str:
    return f"equal {counts['equal']}, refused {counts['refused']}, wrong {counts['wrong']}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What an audit found as items: each number, from which source, and by how much it differs."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from glue import schema, tables
from transform.audit.steps import Difference

SCHEMA = schema.arrow(tables.read("audit"))
NAMED = 5
"""Differences that a detail names; `lake reconcile` names all."""
_OF_STEP = {
    "count": "counted",
    "adjust": "adjusted",
    "archive": "archived",
    "raw": "archived",
    "compaction": "in_lake",
    "lake": "in_lake",
    "totals": "totals",
    "trends": "tracked",
    "ledger": "backfilled",
}


class Item(msgspec.Struct, frozen=True):
    """A number, how much of it differs, and what."""

    item: str
    number: int
    differs: int = 0
    detail: str = ""


class Conditions(msgspec.Struct, frozen=True):
    """What else is not as it should be: objects below `errors/`, and the records in them; days
    divided otherwise; backfills that were cut off; and how many lines were rejected lately, which
    is no difference."""

    errors: int = 0
    undelivered: int = 0
    undivided: int = 0
    backfills: tuple[int, ...] = ()
    rejected: int = 0


def items(numbers: Mapping[str, int], found: Sequence[Difference], other: Conditions) -> list[Item]:
    """Give the items in the order in which a like meets them."""
    by_item: dict[str, list[Difference]] = {}
    broken = [one for one in found if one.key]
    for one in found:
        if not one.key:
            by_item.setdefault(_OF_STEP[one.step], []).append(one)

    def of(name: str, number: int) -> Item:
        some = by_item.get(name, [])
        return Item(name, number, sum(abs(one.number) for one in some), named(some))

    names = ("on_stream", "counted", "uncounted", "in_flight", "tracked", "archived", "in_lake")
    told = [of(name, numbers.get(name, 0)) for name in (*names, "totals")]
    told += [of(name, numbers.get(name, 0)) for name in ("repeated", "backfilled", "adjusted")]
    return [
        *told,
        Item("rejected", other.rejected),
        Item(
            "in_errors",
            other.undelivered,
            other.undelivered,
            f"in {other.errors} objects; `lake redrive` brings them back" if other.errors else "",
        ),
        Item("unreadable", len(broken), len(broken), named(broken)),
        Item(
            "undivided",
            other.undivided,
            other.undivided,
            "days; `lake compact` goes on" if other.undivided else "",
        ),
        Item(
            "backfills_cut_off",
            len(other.backfills),
            len(other.backfills),
            "number " + ", ".join(map(str, other.backfills)) if other.backfills else "",
        ),
    ]


def named(found: Sequence[Difference]) -> str:
    """Name differences, the first few: film, hour, number and what it is."""
    if not found:
        return ""
    some = [sentence(one) for one in found[:NAMED]]
    more = len(found) - len(some)
    return "; ".join(some) + (f"; and {more} more" if more > 0 else "")


def sentence(one: Difference) -> str:
    """Say a difference in a few words."""
    if one.key:
        return one.detail
    when = f" {hour(one.hour)}" if one.hour is not None else ""
    return f"{one.movie_id}{when} {one.number:+d} ({one.detail})"


def hour(number: int) -> str:
    """Give an epoch hour as 2026-01-31T12Z."""
    return f"{datetime.fromtimestamp(number * 3600, UTC):%Y-%m-%dT%HZ}"


def differs(told: Iterable[Item]) -> int:
    """Give how much differs, all items together."""
    return sum(one.differs for one in told)


def steps(found: Sequence[Difference]) -> dict[str, int]:
    """Give how many films and hours differ by each step."""
    return dict(Counter(one.step for one in found))


def encode(at: int, told: Sequence[Item]) -> bytes:
    """Give the Parquet file of an audit; `at` is in epoch milliseconds."""
    rows = [msgspec.to_builtins(one) | {"at": at} for one in told]
    columns = [[row[name] for row in rows] for name in SCHEMA.names]
    arrays = [pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(arrays, schema=SCHEMA), sink, compression="zstd", store_schema=False)
    return sink.getvalue().to_pybytes()


def decode(body: bytes) -> tuple[int, list[Item]]:
    """Give when an audit was asked, and its items."""
    rows = pq.read_table(pa.BufferReader(body)).replace_schema_metadata(None).cast(SCHEMA)
    at = rows["at"].cast(pa.int64()).to_pylist()
    plain = rows.drop_columns(["at"]).to_pylist()
    return int(at[0] or 0) if at else 0, [msgspec.convert(row, Item) for row in plain]

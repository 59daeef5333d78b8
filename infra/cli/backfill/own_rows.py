"""Rows that a lake of ours wrote, as they come back: with their arrival, and their extra fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute

from glue import tables
from infra.cli.backfill import times

pc: Any = pyarrow.compute

_PARTITIONS = {
    partition.name for name in ("likes", "likes_raw") for partition in tables.read(name).partitions
}
_COLUMNS = {column.name for column in tables.read("likes").columns} - {"backfill"}
DROPPED = ("received_at", "backfill", *sorted(_PARTITIONS))
"""Columns that a row gets anew: how it came, and where it lies."""
ZONE = "UTC"
"""What times in our tables are in, whose text names no offset."""
_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_value = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Arrivals(NamedTuple):
    """When the likes of a chunk arrived, by their event ids: epoch milliseconds, null if
    unknown."""

    event_ids: pa.Array[Any]
    moments: pa.Array[Any]


def are_ours(names: Iterable[str]) -> bool:
    """Tell that columns are those of `likes` or `likes_raw`, all of them and no others."""
    return {*names} - _PARTITIONS - {"backfill"} == _COLUMNS


def is_ours(line: bytes) -> bool:
    """Tell that a line is such a row as an object of JSON."""
    try:
        return are_ours(_decode(line))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False


def restored(lines: Sequence[bytes]) -> tuple[list[bytes], Arrivals]:
    """Give rows as the likes they were, and when these arrived; other lines stay as they are."""
    made, ids, moments = [], [], []
    for line in lines:
        try:
            fields = _decode(line)
            arrived, event_id = (_value(fields[name]) for name in ("received_at", "event_id"))
            extra = _value(fields.pop("extra", msgspec.Raw(b"null")))
            others = _decode(extra) if isinstance(extra, str) and extra.strip() else {}
            moment = times.read(arrived, "ms", ZONE)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError):
            made.append(line)
            continue
        for name in DROPPED:
            fields.pop(name, None)
        made.append(_encode(fields | {k: v for k, v in others.items() if k not in fields}))
        if isinstance(event_id, str):
            ids.append(event_id)
            moments.append(moment)
    return made, Arrivals(pa.array(ids, pa.string()), pa.array(moments, pa.int64()))


def arrived(rows: pa.Table, arrivals: Arrivals, otherwise: int) -> pa.Table:
    """Give rows a column `received_at`: when each arrived, `otherwise` where that is not known.

    None arrived later than `otherwise` (epoch milliseconds), when its file was written.
    """
    found = pc.index_in(rows["event_id"].combine_chunks(), value_set=arrivals.event_ids)
    moments = pc.min_element_wise(arrivals.moments.take(found).fill_null(otherwise), otherwise)
    return rows.append_column("received_at", moments.cast(pa.timestamp("ms")))

"""Which closed hours the table `trends` has to be told, for the first time or again."""

from collections.abc import Iterator, Mapping
from hashlib import sha256

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from transform.ranking import PAST

HOUR_MS = 3_600_000
KEPT_HOURS = 8 * 24
"""How long after an hour a like of it may still come: the stream keeps it for 7 days at most, and
it may be late. Rollups are kept for a day longer, which is as far as a score looks back."""
REMEMBERED_S = (KEPT_HOURS + 48) * 3600
RESTATED_MS = 600_000
"""How often an hour is restated, at most: each time replaces a whole file."""


class Published(msgspec.Struct, frozen=True):
    """What an hour was written from, and as of when (epoch milliseconds)."""

    source: str
    stated_at: int


def due(
    etags: Mapping[int, str], known: Mapping[int, Published], as_of: int, restate: bool = False
) -> Iterator[tuple[int, str]]:
    """Give the closed hours to write now, each with what it is written from.

    `etags` are those of the files that hours are written from, by epoch hour. An hour's scores
    rest on the hours before it, so a late like changes the hour it belongs to, and those whose
    past that is.
    """
    closed = as_of // HOUR_MS
    for hour in sorted(etags):
        if not closed - KEPT_HOURS <= hour < closed:
            continue
        past = [f"{h}:{etags[h]}" for h in range(hour - PAST, hour + 1) if h in etags]
        source = sha256("\n".join(past).encode()).hexdigest()
        before = known.get(hour)
        if before is None or (
            before.source != source and (restate or as_of - before.stated_at >= RESTATED_MS)
        ):
            yield hour, source


def encode(rows: pa.Table) -> bytes:
    """Give the Parquet file of an hour of the table: the same bytes for the same rows."""
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="zstd")
    return sink.getvalue().to_pybytes()

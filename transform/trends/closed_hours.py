"""Which closed hours the table `trends` has to be told, for the first time or again."""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from transform.trends.activity import PAST

HOUR_MS = 3_600_000
KEPT_HOURS = 8 * 24
"""How long after an hour a like of it may still come: the stream keeps it for 7 days at most, and
it may be late. Rollups are kept for a day longer, which is as far as a score looks back."""
REMEMBERED_S = (KEPT_HOURS + 48) * 3600
RESTATED_MS = 600_000
"""How often an hour is restated, at most: each time replaces a whole file."""
OVERLAP_MS = 600_000
"""How long a run may take from the reading of totals to the writing of an hour, at most: twice its
function's timeout, as the time of an object is when its upload began."""
CHUNK_HOURS = 200
"""The span of hours that are restated together, which bounds memory."""


class Published(msgspec.Struct, frozen=True):
    """What an hour was written from, and as of when (epoch milliseconds)."""

    source: str
    stated_at: int


def due(
    etags: Mapping[int, str], known: Mapping[int, Published], as_of: int, restate: bool = False
) -> Iterator[tuple[int, str]]:
    """Give the closed hours of the last days to write now, each with what it is written from.

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


def outdated(
    totals: Mapping[int, int], trends: Mapping[int, int], as_of: int, surely: bool = False
) -> list[int]:
    """Give the hours that are too old to be `due` and may be other than their likes are now.

    Given is when the totals and the trends of each epoch hour were written (epoch milliseconds). An
    hour is as it should be once it was written after all that it rests on: its own totals, and
    those of its past. As a run reads them a while before it writes, what it wrote soon after they
    changed may be of what was there before, and is written once more. That is all the memory
    there is, so whatever runs do beside one another, or leave undone, the next finds what is left.

    First come the hours that are missing or surely older, then, unless only those are wanted, the
    doubtful ones, each in order.
    """
    end = as_of // HOUR_MS - KEPT_HOURS
    older, doubtful = [], []
    for hour in sorted(hour for hour in totals if hour < end):
        changed = max(totals[h] for h in range(hour - PAST, hour + 1) if h in totals)
        written = trends.get(hour)
        if written is None or written < changed:
            older.append(hour)
        elif written <= changed + OVERLAP_MS:
            doubtful.append(hour)
    return older if surely else older + doubtful


def chunks(hours: Iterable[int]) -> Iterator[list[int]]:
    """Give hours in their order, those together that lie within one span."""
    chunk: list[int] = []
    for hour in hours:
        if chunk and not chunk[0] <= hour < chunk[0] + CHUNK_HOURS:
            yield chunk
            chunk = []
        chunk.append(hour)
    if chunk:
        yield chunk


def encode(rows: pa.Table) -> bytes:
    """Give the Parquet file of an hour of the table: the same bytes for the same rows."""
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="zstd")
    return sink.getvalue().to_pybytes()

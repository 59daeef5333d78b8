"""Notes what came again, from another place of the stream, before it is merged: see `repeats`."""

from contextlib import suppress
from typing import Any

import pyarrow as pa
import pyarrow.compute

from transform.aws.buckets import Conflict
from transform.aws.lake_writer import CONFLICTS, Contended, Days
from transform.aws.unreadable import decoded
from transform.lake import keys, repeats
from transform.lake.division import DAY_HOURS, Division

pc: Any = pyarrow.compute  # its types do not know of Python values where arrays may stand


def note(days: Days, places: pa.Table, division: Division) -> None:
    """Write down the repeats among what is staged, of which `places` says where else it came from.

    What is known of an event id is looked at, and the same comes of it whatever was merged of it,
    and in whatever order. Raises `Contended`, and what a service raises.
    """
    with days.staging.session() as cursor:
        came = repeats.sent_again(cursor, places)
    if not len(came):
        return
    ids = pc.unique(came["event_id"])
    hours: list[int] = pc.unique(came["hour"]).to_pylist()
    of_days = sorted({hour // DAY_HOURS for hour in hours})
    for _ in range(CONFLICTS):
        with suppress(Conflict):
            known = {day: _known(days, day) for day in of_days}
            standing = pa.concat_tables(
                [days.having(came, day, hours, division) for day in of_days]
            )
            with days.staging.session() as cursor:
                all_known = pa.concat_tables([rows for rows, _ in known.values()])
                found = repeats.of(cursor, came, all_known, standing)
            told = dict(repeats.by_day(found))
            for day, (rows, etag) in known.items():
                new = repeats.replaced(rows, ids, told.get(day, repeats.EMPTY))
                if not new.equals(rows):
                    days.bucket.put(keys.repeats(day), repeats.encode(new), etag)
            return
    raise Contended(f"{keys.REPEATS}* was changed by others {CONFLICTS} times.")


def _known(days: Days, day: int) -> tuple[pa.Table, str | None]:
    found = days.bucket.read(keys.repeats(day))
    if found is None:
        return repeats.EMPTY, None
    return decoded(keys.repeats(day), found[0], repeats.decode), found[1]

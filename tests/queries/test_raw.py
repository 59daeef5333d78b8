"""What raw and the lake hold is compared: every difference is named, and nothing else."""

import random
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.examples import examples
from tests.queries import hostile
from tests.queries.hostile import WINDOWS
from tests.queries.lake import Lake, Rows, ask, like, once

MIDNIGHT = datetime(2026, 3, 1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SPAN = {"first_day": "2026-02-28", "last_day": "2026-03-01"}


def delivered(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"delivered_at": row["received_at"]} | row for row in rows]


@pytest.mark.parametrize("seed", range(examples(1)))
@pytest.mark.parametrize("late_minutes", [0, 60])
def test_late_and_duplicates(lake: Lake, seed: int, late_minutes: int) -> None:
    rows = hostile.likes(seed)
    lake.put_likes(rows)
    for first, last in [*WINDOWS, (date(2026, 2, 20), date(2026, 3, 20))]:
        found = ask(
            lake,
            "late_and_duplicates",
            first_day=first,
            last_day=last,
            late_minutes=late_minutes,
        )
        assert found == counted(rows, first, last, late_minutes * 60)


def counted(rows: list[dict[str, Any]], first: date, last: date, late_seconds: int) -> Rows:
    raw = Counter(row["received_at"].date() for row in rows)
    new: Counter[date] = Counter()
    late: Counter[date] = Counter()
    for row in once(rows):
        lag = row["received_at"] - row["liked_at"]
        new[row["received_at"].date()] += 1
        late[row["received_at"].date()] += lag > timedelta(seconds=late_seconds)
    return [
        (
            day,
            raw[day],
            new[day],
            raw[day] - new[day],
            (raw[day] - new[day]) / raw[day],
            late[day],
            late[day] / new[day] if new[day] else None,
        )
        for day in sorted(raw)
        if first <= day <= last
    ]


def test_a_like_is_late_from_the_first_millisecond_after_an_hour(lake: Lake) -> None:
    rows = [
        like(n, MIDNIGHT, received_at=MIDNIGHT + HOUR + timedelta(milliseconds=n)) for n in (0, 1)
    ]
    lake.put_likes(delivered(*rows))
    found = ask(lake, "late_and_duplicates", **SPAN)
    assert found == [(MIDNIGHT.date(), 2, 2, 0, 0.0, 1, 0.5)]


@pytest.mark.parametrize("before", [HOUR, 2 * DAY, 7 * DAY])
def test_a_day_of_copies_alone_has_no_share_of_late_likes(lake: Lake, before: timedelta) -> None:
    first = like(0, MIDNIGHT - before)
    lake.put_likes(delivered(first, first | {"received_at": MIDNIGHT}))
    found = ask(lake, "late_and_duplicates", first_day="2026-03-01", last_day="2026-03-01")
    assert found == [(MIDNIGHT.date(), 1, 0, 1, 1.0, 0, None)]


def test_of_copies_the_first_to_arrive_is_the_like_whatever_time_it_tells(lake: Lake) -> None:
    late = like(0, MIDNIGHT, received_at=MIDNIGHT + 2 * HOUR)
    again = late | {"liked_at": MIDNIGHT - DAY, "received_at": MIDNIGHT + 26 * HOUR}
    lake.put_likes(delivered(late, again))
    found = ask(lake, "late_and_duplicates", first_day="2026-03-01", last_day="2026-03-02")
    assert found == [
        (MIDNIGHT.date(), 1, 1, 0, 0.0, 1, 1.0),
        (MIDNIGHT.date() + DAY, 1, 0, 1, 1.0, 0, None),
    ]


def test_a_delivery_under_the_day_after_counts_where_it_arrived(lake: Lake) -> None:
    late = like(0, MIDNIGHT - HOUR) | {"delivered_at": MIDNIGHT}
    lake.put_likes([late])
    found = ask(lake, "late_and_duplicates", first_day="2026-02-28", last_day="2026-02-28")
    assert found == [(MIDNIGHT.date() - DAY, 1, 1, 0, 0.0, 0, 0.0)]


@pytest.mark.parametrize("seed", range(examples(1)))
def test_a_compacted_lake_has_no_fault(lake: Lake, seed: int) -> None:
    rows = hostile.likes(seed)
    lake.put_likes(rows)
    lake.put_lake(rows)
    for first, last in [*WINDOWS, (date(2020, 1, 1), date(2026, 12, 31))]:
        assert ask(lake, "duplicates_in_lake", first_day=first, last_day=last) == []
        assert ask(lake, "raw_differs", first_day=first, last_day=last) == []


def row_of(row: dict[str, Any]) -> tuple[Any, ...]:
    names = ("movie_id", "action", "user_id", "liked_at", "received_at")
    return tuple(row[name] for name in names)


@pytest.mark.parametrize("seed", range(examples(1)))
def test_whatever_one_table_lacks_is_named(lake: Lake, seed: int) -> None:
    rng = random.Random(seed)
    rows = hostile.likes(seed)
    ids = sorted({row["event_id"] for row in rows})
    lost, made_up = set(ids[:40]), set(rng.sample(ids[40:], 40))
    # The oldest of raw stays, so that all that is made up is younger.
    made_up.discard(min(rows, key=lambda row: row["received_at"])["event_id"])
    lake.put_likes([row for row in rows if row["event_id"] not in made_up])
    lake.put_lake([row for row in rows if row["event_id"] not in lost])
    for first, last in WINDOWS:
        truth = [
            (row["event_id"], "likes" if row["event_id"] in lost else "likes_raw", *row_of(row))
            for row in sorted(once(rows), key=lambda row: (row["liked_at"], row["event_id"]))
            if row["event_id"] in lost | made_up and first <= row["liked_at"].date() <= last
        ]
        assert ask(lake, "raw_differs", first_day=first, last_day=last) == truth


def test_likes_older_than_what_raw_keeps_are_not_missed_there(lake: Lake) -> None:
    old, kept, made_up = like(0, MIDNIGHT - DAY), like(1, MIDNIGHT), like(2, MIDNIGHT)
    lake.put_likes(delivered(kept))
    lake.put_lake([old, kept, made_up])
    assert [row[:2] for row in ask(lake, "raw_differs", **SPAN)] == [("event-2", "likes_raw")]
    # What came together with the oldest of raw is compared, and what came before is not.
    lake.put_lake([old, kept, made_up | {"received_at": kept["received_at"]}])
    assert len(ask(lake, "raw_differs", **SPAN)) == 1
    early = kept["received_at"] - timedelta(milliseconds=1)
    lake.put_lake([old, kept, made_up | {"received_at": early}])
    assert ask(lake, "raw_differs", **SPAN) == []


def test_without_raw_nothing_is_missed_there_and_without_a_lake_everything(lake: Lake) -> None:
    rows = [like(number, MIDNIGHT + number * HOUR) for number in range(3)]
    lake.put_lake(rows)
    assert ask(lake, "raw_differs", **SPAN) == []
    bare = Lake(lake.root / "bare")
    bare.put_likes(delivered(*rows, rows[0]))
    assert ask(bare, "raw_differs", **SPAN) == [
        (row["event_id"], "likes", *row_of(row)) for row in rows
    ]


def test_of_copies_the_first_to_arrive_is_looked_for(lake: Lake) -> None:
    first = like(0, MIDNIGHT, received_at=MIDNIGHT + HOUR)
    again = first | {"liked_at": MIDNIGHT - HOUR, "received_at": MIDNIGHT + 2 * HOUR}
    lake.put_likes(delivered(first, again))
    found = {
        day: ask(lake, "raw_differs", first_day=day, last_day=day)
        for day in ("2026-02-28", "2026-03-01")
    }
    assert found == {"2026-02-28": [], "2026-03-01": [("event-0", "likes", *row_of(first))]}


@pytest.mark.parametrize("days", [1, 2, 7])
def test_a_copy_of_a_like_of_the_week_before_is_not_missed(lake: Lake, days: int) -> None:
    first = like(0, MIDNIGHT - days * DAY)
    again = like(0, MIDNIGHT)
    lake.put_likes(delivered(first, again))
    lake.put_lake([first])
    assert ask(lake, "raw_differs", first_day="2026-03-01", last_day="2026-03-01") == []


def test_a_like_from_the_future_is_looked_for_the_day_before(lake: Lake) -> None:
    ahead = like(0, MIDNIGHT, received_at=MIDNIGHT - timedelta(minutes=9))
    lake.put_likes(delivered(ahead))
    day = {"first_day": "2026-03-01", "last_day": "2026-03-01"}
    assert [row[:2] for row in ask(lake, "raw_differs", **day)] == [("event-0", "likes")]
    lake.put_lake([ahead])
    assert ask(lake, "raw_differs", **day) == []


ONE = like(1, MIDNIGHT + HOUR / 2)
FAULTS: dict[str, tuple[str, dict[str, Any], Rows]] = {
    "twice in an hour": (
        "day=2026-03-01/hour-00-01",
        ONE,
        [("event-1", 2, 1, 0, ONE["liked_at"], ONE["liked_at"])],
    ),
    "in two hours": (
        "day=2026-03-01/hour-01-00",
        ONE | {"liked_at": MIDNIGHT + HOUR},
        [("event-1", 2, 2, 0, ONE["liked_at"], MIDNIGHT + HOUR)],
    ),
    "on two days": (
        "day=2026-02-28/hour-23-00",
        ONE | {"liked_at": MIDNIGHT - HOUR},
        [("event-1", 2, 2, 0, MIDNIGHT - HOUR, ONE["liked_at"])],
    ),
    "under another day as well": (
        "day=2026-02-28/hour-00-00",
        ONE,
        [("event-1", 2, 1, 1, ONE["liked_at"], ONE["liked_at"])],
    ),
    "under another day only": (
        "day=2026-02-28/hour-03-00",
        ONE | {"event_id": "2"},
        [("2", 1, 1, 1, ONE["liked_at"], ONE["liked_at"])],
    ),
    "on a day not asked for": ("day=2026-03-02/hour-00-00", ONE, []),
}


@pytest.mark.parametrize("name", FAULTS)
def test_exactly_the_duplicate_is_named(lake: Lake, name: str) -> None:
    file, row, named = FAULTS[name]
    lake.put_lake([ONE, like(3, MIDNIGHT - HOUR), like(4, MIDNIGHT + HOUR)])
    lake.as_parts()
    lake.put(f"likes/{file}.parquet", [row])
    if name in ("in two hours", "on two days"):  # that file held another like
        lake.put(f"likes/{file}.parquet", [row, like(5, row["liked_at"])])
    assert ask(lake, "duplicates_in_lake", **SPAN) == named

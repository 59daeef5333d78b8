"""The order of likes is that of the table: by film, time and event id, within each place."""

from datetime import UTC
from unittest import mock

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tests import raw_likes
from tests.raw_likes import HOUR, Row
from transform.lake import parquet, sorting, totals
from transform.lake.sorting import Ordering

FIRST = 20_000  # an epoch day
rows = st.tuples(
    st.integers(0, 3),  # the place
    st.text(max_size=3),  # the film
    st.one_of(st.integers(0, 2), st.integers(0, 24 * HOUR - 1)),  # within the day
    st.text(max_size=3),  # the event id
    st.sampled_from(["like", "unlike"]),
    st.sampled_from([None, "web", "tv"]),
    st.booleans(),  # whether it is staged
)


def table(given):
    """Give rows as the staging area holds them."""
    likes = raw_likes.table(
        [
            Row(event, film, None, action, (FIRST + place) * 24 * HOUR + at, n, source)
            for n, (place, film, at, event, action, source, _) in enumerate(given)
        ]
    )
    hours = [
        (FIRST + place) * 24 + at // HOUR if there else None for place, _, at, *_, there in given
    ]
    likes = likes.append_column("backfill", pa.nulls(len(given), pa.int32()))
    return likes.append_column("hour", pa.array(hours, pa.int64()))


def together(pieces):
    return pa.concat_tables(pieces) if pieces else raw_likes.LAKE.empty_table()


@given(
    st.lists(rows, min_size=1),
    st.sampled_from([None, 1, 3]),
    st.sampled_from([1, 3, 1_000]),
    st.sampled_from([1, 100]),
    st.sampled_from([2, 1_000]),
)
def test_rows_of_a_place_are_in_the_order_of_the_table(given, piece, part, stretch, group):
    """Wherever they lie, however many are sorted or given together, and whether what repeats is
    text or in dictionaries, one for a piece."""
    settings = {"_PART": part, "_STRETCH": stretch, "ROW_GROUP": group}
    with mock.patch.multiple(sorting, **settings):
        check_order(given, piece, group)


def check_order(given, piece, group):
    held = table(given)
    places = pa.chunked_array([pa.array([place for place, *_ in given])])
    if piece:
        parts = [held.slice(n, piece) for n in range(0, len(held), piece)]
        for at, name in enumerate(held.column_names):
            if name in parquet.CODED:
                parts = [
                    part.set_column(at, name, part[name].combine_chunks().dictionary_encode())
                    for part in parts
                ]
        held = pa.concat_tables(parts)
    found = Ordering(held, places)

    assert found.places == sorted({place for place, *_ in given})
    for place in found.places:
        expected = sorted(
            (film.encode(), at, event.encode(), action, source or "")
            for of, film, at, event, action, source, there in given
            if of == place and there
        )
        pieces = list(found.sorted(place))
        assert all(len(rows) == group for rows in pieces[:-1])
        likes = together(pieces)
        assert likes.schema.names == raw_likes.LAKE.names
        told = [
            (
                row["movie_id"].encode(),
                int(row["liked_at"].timestamp() * 1000) % (24 * HOUR),
                row["event_id"].encode(),
                row["action"],
                row["source"] or "",
            )
            for row in likes.to_pylist()
        ]
        assert [one[:3] for one in told] == [one[:3] for one in expected]
        assert sorted(told) == expected
        kept = [row for row in held.to_pylist() if row["hour"] is not None]
        assert raw_likes.totals(totals.of(likes)) == raw_likes.sums(
            raw_likes.Row(str(n), row["movie_id"], None, row["action"], ms(row["liked_at"]), 0)
            for n, row in enumerate(kept)
            if row["hour"] // 24 == FIRST + place
        )


def ms(moment):
    return round(moment.replace(tzinfo=UTC).timestamp() * 1000)


@given(st.lists(rows))
def test_rows_by_hour_are_the_same_rows_in_the_order_of_hours(given):
    held = table(given)
    found = sorting.by_hour(held)
    assert sorted(found["received_at"].to_pylist()) == held["received_at"].to_pylist()
    hours = [(FIRST + place) * 24 + at // HOUR for place, _, at, *_ in given]
    assert sorting.hours(found).to_pylist() == sorted(hours)

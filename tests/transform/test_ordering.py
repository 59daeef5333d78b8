"""The order of likes is that of the table: by film, time and event id, within each place."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from transform.ordering import Ordering

HOUR = 3_600_000
rows = st.tuples(
    st.integers(0, 3),  # the place
    st.text(max_size=3),  # the film
    st.one_of(st.integers(0, 2), st.integers(0, HOUR - 1)),  # milliseconds within the hour
    st.text(max_size=3),  # the event id
)


@given(st.lists(rows))
def test_rows_of_a_place_are_in_the_order_of_the_table(given):
    table = pa.table(
        {
            "place": pa.array([place for place, *_ in given], pa.int64()),
            "movie_id": pa.array([film for _, film, *_ in given], pa.string()),
            "liked_at": pa.array(
                [(10**6 + place) * HOUR + at for place, _, at, _ in given], pa.timestamp("ms")
            ),
            "event_id": pa.array([event for *_, event in given], pa.string()),
            "action": pa.array(["like"] * len(given), pa.string()),
            "source": pa.nulls(len(given), pa.string()),
        }
    )
    ordering = Ordering(table, table["place"])

    assert set(ordering.places) == {place for place, *_ in given}
    for place in ordering.places:
        expected = sorted(
            (film.encode(), at, event.encode()) for of, film, at, event in given if of == place
        )
        found = ordering.sorted(place, ["movie_id", "liked_at", "event_id"]).to_pylist()
        assert [
            (
                row["movie_id"].encode(),
                row["liked_at"].timestamp() * 1000 % HOUR,
                row["event_id"].encode(),
            )
            for row in found
        ] == expected

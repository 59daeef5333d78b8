"""Rows wait in memory or on disk, and come out once, by the hour of their event."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cli.backfill import spill
from infra.cli.backfill.segment import groups
from infra.cli.backfill.spill import Spill
from tests import raw_likes
from tests.raw_likes import HOUR
from transform.event import bulk
from transform.lake.errors import NoRoom

START = 500_000  # an epoch hour of 2027


def rows(moments):
    """Rows that differ in their time, and in an id that says which they are, hour by hour."""
    moments = sorted(moments)
    told = {"liked_at": moments, "event_id": [f"{n}" for n in range(len(moments))]}
    none = [None] * len(moments)
    columns = [pa.array(told.get(f.name, none), f.type) for f in bulk.SCHEMA]
    return pa.Table.from_arrays(columns, schema=bulk.SCHEMA)


@given(
    st.lists(st.lists(st.integers(0, 40 * HOUR - 1), min_size=1, max_size=6), max_size=8),
    st.integers(1, 50),
    st.integers(1, 12),
    st.sampled_from([1, 24]),
)
def test_what_waits_comes_once_in_its_hour_however_much_there_is(parts, most, together, hours):
    with TemporaryDirectory() as folder:
        held = Spill(Path(folder), most, 7)
        for number, moments in enumerate(parts):
            held.add(rows([START * HOUR + at for at in moments]), number)
        expected = Counter(
            (START * HOUR + at, number, f"{n}")
            for number, moments in enumerate(parts)
            for n, at in enumerate(sorted(moments))
        )
        assert len(held) == expected.total()
        assert held.hours == Counter(at // HOUR for at, *_ in expected.elements())

        # As long as there are more than fit in memory, they can be taken in parts.
        found = Counter()
        places = []
        for group in groups(held.hours, together if len(held) > most else 10**6, hours):
            places += {hour // hours for hour in group}
            for some in held.take(min(group), max(group)):
                at, arrived = (
                    some[c].cast(pa.int64()).to_pylist() for c in ("liked_at", "received_at")
                )
                assert {each // HOUR for each in at} <= group.keys()
                assert some.schema.names == raw_likes.LAKE.names
                assert set(some["backfill"].to_pylist()) <= {7}
                found.update(zip(at, arrived, some["event_id"].to_pylist(), strict=True))
        assert found == expected and len(places) == len(set(places))  # each object is written once

        held.clear()
        assert not len(held) and not list(held.take(0, 10**6)) and not list(Path(folder).iterdir())


def test_a_full_disk_is_told(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pa.ipc, "new_file", full)
    with pytest.raises(NoRoom):
        Spill(tmp_path, 1, 7).add(rows([START * HOUR] * 2), 0)


def test_few_rows_that_are_large_go_to_the_disk_too(tmp_path, monkeypatch):
    held = Spill(tmp_path, 1_000, 7)
    monkeypatch.setattr(spill, "HELD", 100)
    held.add(rows([START * HOUR + at for at in range(9)]), 0)
    assert list(tmp_path.iterdir())
    assert sum(len(some) for some in held.take(START, START)) == 9

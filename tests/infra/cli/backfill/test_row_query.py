"""Rows judged by their fields are what their lines are judged to be."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.cli.backfill import parsing, row_query
from infra.cli.backfill.parsing import Rules
from infra.cli.backfill.source_files import find
from infra.cli.backfill.tabular import rows
from tests.examples import examples
from tests.infra.cli.backfill.world import NOW

TEXTS = ["a", " a", "", "tt0111161", "é", "12", "true", '"', "\\", "\x00", "u" * 129, "like", "7.0"]
TIMES = ["2026-01-01T00:00:00Z", "2026-01-01", "1767225600000", " 1767225600 ", "2026-02-30T00:00Z"]
KINDS = {
    "movie_id": [st.sampled_from(TEXTS), st.integers(-3, 10**15), st.floats(0, 5)],
    "movieId": [st.sampled_from(TEXTS)],
    "event_id": [st.uuids().map(str), st.sampled_from(TEXTS), st.integers(1, 9)],
    "user_id": [st.sampled_from(TEXTS), st.floats(), st.binary(max_size=3)],
    "action": [st.sampled_from(["like", "like", "unlike", "LIKE", ""])],
    "source": [st.sampled_from(TEXTS)],
    "liked_at": [
        st.sampled_from(TIMES),
        st.integers(1_600_000_000_000, 1_900_000_000_000),
        st.datetimes(datetime(2009, 6, 1), datetime(2027, 1, 1)),
        st.dates(date(2009, 6, 1), date(2027, 1, 1)),
        st.floats(1e12, 2e12),
    ],
    "x": [
        st.sampled_from(TEXTS),
        st.booleans(),
        st.floats(),
        st.lists(st.integers(0, 9), max_size=3),
        st.fixed_dictionaries({"b": st.sampled_from(TEXTS), "c": st.integers(0, 9)}),
        st.decimals(-9, 9, places=2),
    ],
}


@st.composite
def tables(draw):
    """Tables of some of these columns, some of whose values are not given."""
    names = draw(st.sets(st.sampled_from([*KINDS]), min_size=1).filter(_has_film))
    size = draw(st.integers(1, 12))
    columns = {}
    for name in sorted(names):
        value = draw(st.sampled_from(KINDS[name]))
        if draw(st.booleans()):
            value = st.none() | value
        columns[name] = pa.array([draw(value) for _ in range(size)])
    return pa.table(columns)


def _has_film(names):
    return bool(names & {"movie_id", "movieId"})


def judged(path, unit, zone, where) -> Iterator[parsing.Read]:
    [source] = find([str(path)], lambda: None).sources
    rules = Rules(NOW, NOW, written_in=unit, zone=zone)
    return parsing.parse(rows(source, path, {}, where, unit, 5, zone=zone), rules, 1)


def stands(reads):
    reads = list(reads)
    rows = [repr(sorted(row.items())) for read in reads for row in read.rows.to_pylist()]
    bad = [(one.number, one.payload, one.reason) for read in reads for one in read.bad]
    return sorted(rows), bad, sum(read.lines for read in reads), [read.last for read in reads]


@given(
    tables(),
    st.sampled_from(["ms", "s"]),
    st.sampled_from([None, "Europe/Berlin"]),
    st.sampled_from([None, "true", "coalesce(movie_id, '') <> 'a'"]),
)
@settings(max_examples=examples(25), deadline=None)
def test_rows_are_by_field_what_they_are_by_line(tmp_path_factory, table, unit, zone, where):
    if where and "movie_id" not in table.column_names:
        where = where.replace("movie_id", "movieId")
    path = tmp_path_factory.mktemp("rows") / "a.parquet"
    pq.write_table(table, path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_query.Query, "fields", lambda query, batch: None)
        by_line = stands(judged(path, unit, zone, where))

    assert stands(judged(path, unit, zone, where)) == by_line


def test_rows_of_an_export_are_judged_by_field(tmp_path, monkeypatch):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    columns = {"movie_id": ["a", None], "event_id": ["e", "f"], "liked_at": [at, None]}
    table = pa.table(columns | {"user_id": ["u", None], "note": [None, Decimal("1.10")]})
    pq.write_table(table, tmp_path / "a.parquet")
    monkeypatch.setattr(row_query.Query, "lines", None)

    [read] = judged(tmp_path / "a.parquet", "ms", None, None)

    assert read.rows["movie_id"].to_pylist() == ["a"] and read.rows["extra"].to_pylist() == [None]
    assert [(one.number, one.reason) for one in read.bad] == [(2, "missing_movie_id")]

"""The table definitions: valid, told in full, and the same as what the pipeline writes."""

import json

import msgspec
import pytest

from glue import tables
from transform.event.likes import LikeWithExtra
from transform.lake.archive import Rejected, Row

NAMES = tables.names()


def test_the_tables_of_the_lake_are_there() -> None:
    assert NAMES == [
        "audit",
        "likes",
        "likes_by_hour",
        "likes_raw",
        "movies",
        "rejected",
        "repeats",
        "trends",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_definition_reads_and_is_named_as_its_file(name: str) -> None:
    assert tables.read(name).name == name


@pytest.mark.parametrize("name", NAMES)
def test_no_name_is_used_twice_across_columns_and_partitions(name: str) -> None:
    names = tables.read(name).names
    assert len(set(names)) == len(names)


def test_no_two_tables_share_a_place() -> None:
    places = [tables.read(name).location for name in NAMES]
    assert not any(one.startswith(other) for one in places for other in places if one is not other)


@pytest.mark.parametrize("name", NAMES)
def test_each_partition_tells_athena_how_to_compute_its_values(name: str) -> None:
    needed = {"date": {"format", "range", "interval", "interval.unit"}, "integer": {"range"}}
    for partition in tables.read(name).partitions:
        kind = partition.projection["type"]
        assert needed[kind] <= partition.projection.keys()


def test_the_event_and_the_columns_of_both_like_tables_are_the_same() -> None:
    event = {*LikeWithExtra.__struct_fields__, "received_at"}
    for name, more in (("likes", {"backfill"}), ("likes_raw", {"place"})):
        assert {column.name for column in tables.read(name).columns} == event | more


@pytest.mark.parametrize(("name", "row"), [("likes_raw", Row), ("rejected", Rejected)])
def test_what_the_archive_writes_has_exactly_the_columns_of_its_table(
    name: str, row: type[msgspec.Struct]
) -> None:
    assert {column.name for column in tables.read(name).columns} == set(row.__struct_fields__)


@pytest.mark.parametrize("name", ["nothing", "../tables/likes", "likes.json", ""])
def test_an_unknown_table_says_which_there_are(name: str) -> None:
    with pytest.raises(tables.UnknownTable, match="likes_raw"):
        tables.read(name)


BAD = {
    "an unknown type": {"type": "varchar"},
    "a missing comment": {"comment": ""},
    "an upper-case name": {"name": "MovieId"},
    "a name with a hyphen": {"name": "movie-id"},
    "an unknown field": {"nullable": True},
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD)
def test_a_bad_column_is_refused(change: dict[str, object]) -> None:
    definition = json.loads(msgspec.json.encode(tables.read("likes")))
    definition["columns"][0] |= change
    with pytest.raises(msgspec.ValidationError):
        tables.parse(json.dumps(definition).encode())

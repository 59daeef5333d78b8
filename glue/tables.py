"""What each table of the lake looks like, read from `tables/*.json`."""

import re
from functools import cache
from importlib import resources
from typing import Annotated, Literal

import msgspec

_FOLDER = resources.files("glue").joinpath("tables")

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=64)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]  # Glue's limit for a comment
ColumnType = Literal[
    "string",
    "boolean",
    "tinyint",
    "smallint",
    "int",
    "bigint",
    "float",
    "double",
    "date",
    "timestamp",
    "binary",
]


Encoding = Literal["DELTA_BINARY_PACKED", "DELTA_LENGTH_BYTE_ARRAY", "DICTIONARY", "PLAIN"]


class UnknownTable(KeyError):
    """No definition of that name. Permanent: there is nothing to retry."""


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column, in Glue's words."""

    name: Name
    type: ColumnType
    comment: Text
    encoding: Encoding | None = None
    """How Parquet files hold it (`transform.lake.parquet` says why); None is what suits its type:
    text as a dictionary, all else plain."""


class Partition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A partition column, and how Athena computes its values (partition projection)."""

    name: Name
    type: ColumnType
    comment: Text
    projection: dict[str, str]


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table: its columns, and where and how its rows rest."""

    name: Name
    description: Text
    format: Literal["parquet", "json"]
    location: Annotated[str, msgspec.Meta(pattern=r"^([a-z_]+/)+$")]
    columns: Annotated[tuple[Column, ...], msgspec.Meta(min_length=1)]
    partitions: tuple[Partition, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names SQL can use: the columns', then the partitions'."""
        return tuple(column.name for column in self.columns) + tuple(
            partition.name for partition in self.partitions
        )


def names() -> list[str]:
    """The tables there are, by name."""
    return sorted(path.name.removesuffix(".json") for path in _FOLDER.iterdir())


@cache
def read(name: str) -> Table:
    """The table of that name; `UnknownTable` where there is none."""
    if not re.fullmatch(r"\w+", name) or not _FOLDER.joinpath(f"{name}.json").is_file():
        raise UnknownTable(f"There is no table {name!r}; there are: {', '.join(names())}.")
    return parse(_FOLDER.joinpath(f"{name}.json").read_bytes())


def parse(definition: bytes) -> Table:
    """The table a definition describes; `msgspec.ValidationError` says what is wrong with it."""
    return msgspec.json.decode(definition, type=Table)


def breaks(before: Table, after: Table) -> list[str]:
    """What a change would break for those who read rows already written; empty if nothing.

    Columns may only be added at the end. Partitions, place and format never change: objects
    already written would no longer be found, or not be understood.
    """
    found = []
    for place, old in enumerate(before.columns):
        new = after.columns[place] if place < len(after.columns) else None
        if new is None or (new.name, new.type) != (old.name, old.type):
            now = f"{new.name} {new.type}" if new else "gone"
            found.append(f"{before.name}: column {old.name} {old.type} is now {now}")
    for what, was, now in (
        ("partitions", _kinds(before.partitions), _kinds(after.partitions)),
        ("location", before.location, after.location),
        ("format", before.format, after.format),
    ):
        if was != now:
            found.append(f"{before.name}: its {what} changed from {was} to {now}")
    return found


def _kinds(partitions: tuple[Partition, ...]) -> str:
    return ", ".join(f"{partition.name} {partition.type}" for partition in partitions)

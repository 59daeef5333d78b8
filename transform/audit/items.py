"""The items of films as a scan shows them: each is its own cut of the stream."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute

from transform.counts import streamed
from transform.event import stream_records

pc: Any = pyarrow.compute  # its types do not know of what follows

_FILMS: Mapping[str, pa.DataType] = {
    "movie_id": pa.string(),
    "likes": pa.int64(),
    "adjusted": pa.int64(),
}
_MEMORIES: Mapping[str, pa.DataType] = {
    "movie_id": pa.string(),
    "memory": pa.string(),
    "sequence": pa.string(),
    "arrived_s": pa.int64(),
}
FILMS, MEMORIES = pa.schema(_FILMS), pa.schema(_MEMORIES)


class Items(NamedTuple):
    """The films, and what their items remember of each shard: the last sequence number counted, as
    text that sorts, and when its batch arrived (epoch seconds)."""

    films: pa.Table = FILMS.empty_table()
    memories: pa.Table = MEMORIES.empty_table()
    read: Mapping[str, Mapping[str, Any]] = {}
    """The items as DynamoDB gave them, by film."""

    def newest(self) -> dict[str, tuple[str, int]]:
        """Give the newest memory of each shard, and when it arrived (epoch seconds)."""
        found: dict[str, tuple[str, int]] = {}
        sums = self.memories.group_by("memory").aggregate(
            [("sequence", "max"), ("arrived_s", "max")]
        )
        for row in sums.to_pylist():
            found[row["memory"]] = row["sequence_max"], row["arrived_s_max"]
        return found


def of(items: Iterable[Mapping[str, Any]]) -> Items:
    """Give items of DynamoDB as tables."""
    read: dict[str, Mapping[str, Any]] = {}
    films: list[tuple[str, int, int]] = []
    memories: list[tuple[str, str, str, int]] = []
    for item in items:
        film = item["movie_id"]["S"]
        read[film] = item
        films.append((film, number(item, "likes"), number(item, "adjusted")))
        for name, value in item.items():
            if name.startswith(streamed.MEMORY) and "B" in value:
                told = bytes(value["B"])
                sequence = int.from_bytes(told[: streamed.SEQUENCE_BYTES], "big")
                arrived_s = int.from_bytes(told[streamed.SEQUENCE_BYTES :], "big")
                memories.append((film, name, stream_records.ordered(str(sequence)), arrived_s))
    return Items(_table(films, FILMS), _table(memories, MEMORIES), read)


def number(item: Mapping[str, Any], name: str) -> int:
    """Give a number of an item, 0 where it has none."""
    return int(item.get(name, {"N": "0"})["N"])


def _table(rows: list[Any], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    arrays = [pa.array(c, field.type) for c, field in zip(columns, schema, strict=True)]
    return pa.table(arrays, schema=schema)

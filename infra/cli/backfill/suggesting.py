"""The command that would take a file, by what its first lines hold."""

from __future__ import annotations

import csv
import io
import shlex
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from infra.cli.backfill import (
    arguments,
    formats,
    guessing,
    json_values,
    layout,
    line_chunks,
    parquet_records,
    source_files,
)
from infra.cli.backfill import preset as presets
from infra.cli.backfill.line_chunks import Chunk
from infra.cli.backfill.source_files import Source, SourceError
from transform.event.stream_records import BadLine

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

pc: Any = pyarrow.compute

SAMPLE = 1_000
"""Lines or rows that are looked at."""
_HEAD = 2**20
_KNOWN = {
    "movie_id": "movie_id movieid film_id filmid item_id itemid tconst const imdb_id imdbid "
    "title_id content_id product_id movie film item",
    "user_id": "user_id userid visitor_id visitorid customer_id account_id member_id profile_id "
    "uid user visitor customer member actor",
    "liked_at": "liked_at likedat timestamp event_time eventtime occurred_at created_at "
    "createdat date_rated rated_at time ts date when datetime event_timestamp",
    "event_id": "event_id eventid message_id messageid insert_id uuid",
    "action": "action",
    "source": "source",
}
"""Names of fields in other people's files, the likeliest first, without blanks and in lower
case."""
_UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_FIRST_S, _LAST_S = 1_262_304_000, 4_102_444_800  # 2010 and 2100
_decode = msgspec.json.Decoder().decode


class Tried(NamedTuple):
    """Options, and what they make of a sample: likes, lines, and why others are none."""

    options: Mapping[str, Any]
    likes: int
    lines: int
    reasons: Counter[str]
    examples: dict[str, str]
    filled: int

    @property
    def worth(self) -> tuple[float, ...]:
        """What one is better by than another: few rejected, much told of each like, a preset, many
        likes, few options."""
        # What lies before 2010 lies there however it is read.
        judged = self.likes + self.reasons.total() - self.reasons["liked_at_too_early"]
        return (
            round(self.likes / max(judged, 1), 2),
            round(self.filled / max(self.likes, 1), 1),
            "preset" in self.options,
            self.likes,
            -len(self.options) - len(self.options.get("mapped", ())),
        )


def told(files: Sequence[str], s3: Callable[[], S3Client]) -> str:
    """Give the command that would take a file, and what of its first lines that accepts.

    Raises `ValueError` where not one file is named, and `SourceError` where it cannot be read.
    """
    if len(files) != 1:
        raise ValueError("--suggest looks at one file.")
    source = source_files.find(files, s3).sources[0]
    best = suggest(source, s3)
    lines = [command(files[0], best.options), "", _said(best)]
    if guessed := best.options.get("columns"):
        lines.append(
            f"Its first line names no columns: {guessed} is guessed by what stands in them. "
            "Look whether that is so, above all which is the film and which the user."
        )
    if best.options.get("time_zone") == "UTC" and not best.options.get("preset"):
        lines.append("Its times name no offset: say with --time-zone which zone they are in.")
    return "\n".join(lines)


def command(file: str, options: Mapping[str, Any]) -> str:
    """Give options as a command that a shell takes."""
    parts = ["lake", "backfill", file]
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if name == "mapped":
            parts += [part for each in value for part in ("--map", each)]
        elif value is True:
            parts.append(flag)
        else:
            parts += [flag, "\\t" if value == "\t" else str(value)]
    return shlex.join(parts)


def suggest(source: Source, s3: Callable[[], S3Client]) -> Tried:
    """Give the options that make most of the first lines of a source."""
    with TemporaryDirectory() as folder:
        sample, head = _sampled(source, s3, Path(folder))
        tried = [_try(sample, options, source) for options in _candidates(sample, head)]
    known = [one for one in tried if one is not None]
    if not known:
        raise SourceError(f"{source.name} cannot be read as any known kind of file.")
    return max(known, key=lambda one: one.worth)


def _try(sample: Source, options: Mapping[str, Any], source: Source) -> Tried | None:
    now = int(time.time() * 1000)
    reasons: Counter[str] = Counter()
    examples: dict[str, str] = {}
    found = lines = filled = 0
    try:
        known = {"mapped": (), "where": None, "time_unit": None} | dict(options)
        given = known.pop("mapped"), known.pop("where"), known.pop("time_unit")
        request = arguments.read([sample.name], *given, **known)
        arrived = formats.arrived_at(source, now, now)
        with TemporaryDirectory() as folder:
            for read in formats.read(sample, request, _never, arrived, now, 1, 0, Path(folder)):
                found, lines = found + len(read.rows), lines + read.lines
                filled += _filled(read.rows, arrived)
                for bad in read.bad:
                    reasons[bad.reason] += 1
                    examples.setdefault(bad.reason, f"line {bad.number}: {bad.detail}")
    except (SourceError, ValueError):
        return None
    return Tried(options, found, lines, reasons, examples, filled)


def _filled(rows: pa.Table, arrived: int) -> int:
    """Count the fields that rows tell, where the time is none that stands for a missing one."""
    timed = pc.sum(pc.not_equal(rows["liked_at"].cast(pa.int64()), arrived)).as_py() or 0
    others = (rows[name] for name in ("user_id", "source"))
    return int(timed) + sum(len(column) - column.null_count for column in others)


def _said(best: Tried) -> str:
    lines = [f"It would accept {best.likes:,} of the first {best.lines:,} lines."]
    for reason, count in best.reasons.most_common():
        lines.append(f"{count:,} {reason}: {best.examples[reason]}")
    return "\n".join(lines)


def _never() -> Any:
    raise AssertionError("A sample lies here.")


def _sampled(source: Source, s3: Callable[[], S3Client], folder: Path) -> tuple[Source, bytes]:
    """Write the first lines of a source to a file of its kind; gives how they begin, too."""
    for part in source.name.split("/")[:-1]:
        if layout.partitions(f"{part}/x"):
            folder = folder / part
    folder.mkdir(parents=True, exist_ok=True)
    if source.kind == "parquet":
        path = folder / "sample.parquet"
        fetched = line_chunks.fetch(source, s3, folder)
        tables = [
            each.table for each in islice(parquet_records.records(source, fetched, SAMPLE), 2)
        ]
        pq.write_table(tables[-1].slice(0, SAMPLE), path)
        return source_files.find([str(path)], s3).sources[0], b""
    with closing(line_chunks.pieces(source, s3, _HEAD)) as pieces:
        head = next(pieces, b"")
    if source.kind == "json" and json_values.are_apart(head):
        found = list(json_values.lines(source.name, [head]))
        if len(head) >= _HEAD and isinstance(found[-1], BadLine):
            del found[-1]  # an object that goes on
        kept = b"".join(
            each.data if isinstance(each, Chunk) else each.payload + b"\n" for each in found
        )
        kept = b"\n".join(kept.split(b"\n")[:SAMPLE])
    else:
        kept = b"\n".join(head.split(b"\n")[: SAMPLE + (source.kind == "csv")])
    path = folder / f"sample.{source.kind}"
    path.write_bytes(kept)
    return source_files.find([str(path)], s3).sources[0], kept


def _candidates(sample: Source, head: bytes) -> Iterator[Mapping[str, Any]]:
    yield {}
    for name in presets.names():
        yield {"preset": name}
    if sample.kind != "parquet":
        yield from _guessed(head)
    names = list(_columns(sample, head))
    mapped = dict(_mapped(names))
    needed = [f"{field}={column}" for field, column in mapped.items() if field != column]
    options: list[dict[str, Any]] = [{"mapped": tuple(needed)}] if needed else [{}]
    unit = _unit([value for name, value in names if name == mapped.get("liked_at")])
    if unit not in (None, "ms"):
        options += [one | {"time_unit": unit} for one in options]
    if b"\\" in head and sample.kind == "csv":
        options += [one | {"escape": True} for one in options]
    for one in options:
        yield one
        yield one | {"time_zone": "UTC"}


def _guessed(head: bytes) -> Iterator[Mapping[str, Any]]:
    """Give the options of a text whose first line names no columns."""
    found = guessing.guess(head.decode(errors="replace").removeprefix("\ufeff"), _KNOWN)
    if found is None:
        return
    options: dict[str, Any] = {"delimiter": found.delimiter, "columns": ",".join(found.columns)}
    if found.unit not in (None, "ms"):
        options["time_unit"] = found.unit
    yield options
    yield options | {"time_zone": "UTC"}
    if b"\\" in head:
        yield options | {"escape": True}


def _columns(sample: Source, head: bytes) -> Iterator[tuple[str, Any]]:
    """Give the columns of a sample, and what is in them, with values: the first lines' alone."""
    if sample.kind == "parquet":
        for row in pq.read_table(sample.name).slice(0, 100).to_pylist():
            yield from _flat(row, "")
    elif sample.kind == "csv":
        text = io.StringIO(head.decode(errors="replace").removeprefix("\ufeff"))
        first = text.readline()
        text.seek(0)
        delimiter = max(",;\t|", key=first.count)
        for row in islice(csv.DictReader(text, delimiter=delimiter), 100):
            yield from ((str(name).strip(), value) for name, value in row.items())
    else:
        for line in head.split(b"\n")[:100]:
            try:
                row = _decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                continue
            if isinstance(row, dict):
                yield from _flat(row, "")


def _flat(row: Mapping[str, Any], within: str) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        yield within + name, value
        if isinstance(value, dict) and within.count(".") < 3:
            yield from _flat(value, f"{within}{name}.")


def _mapped(names: Sequence[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    """Name the column that each field is likely to be read from, the outermost first."""
    columns = sorted({name for name, value in names if not isinstance(value, dict)})
    columns.sort(key=lambda name: name.count("."))
    for field, known in _KNOWN.items():
        for alias in known.split():
            found = [
                name
                for name in columns
                if alias in (_folded(name.rpartition(".")[2]), _folded(name.replace(".", "_")))
            ]
            if found:
                yield field, found[0]
                break


def _folded(name: str) -> str:
    return name.strip().lower().replace(" ", "_").lstrip("$")


def _unit(values: Sequence[Any]) -> str | None:
    """Tell the unit of times that are numbers: that in which they lie between 2010 and 2100."""
    for value in values:
        try:
            number = float(value)
        except (TypeError, ValueError):
            continue
        for unit, each in _UNITS.items():
            if _FIRST_S * each <= number < _LAST_S * each:
                return unit
    return None

"""What was asked for on the command line, and what there was of it, as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import msgspec

from infra.cli.backfill import conditions, times
from infra.cli.backfill import preset as presets
from infra.cli.backfill.json_rows import Unit
from infra.cli.backfill.layout import Layout
from infra.cli.backfill.ledger import Ledger, Request
from infra.cli.backfill.preset import Preset
from infra.cli.backfill.source_files import SourceError, place
from transform.event import likes

COLUMNS = ("number", "began", "state", "lines", "new", "duplicates", "rejected", "files")


def read(
    files: Sequence[str],
    mapped: Sequence[str],
    where: str | None,
    unit: Unit | None,
    *,
    time_zone: str | None = None,
    delimiter: str | None = None,
    columns: str | None = None,
    header: bool = False,
    escape: bool = False,
    only_mapped: bool = False,
    preset: str | None = None,
) -> Request:
    """Give the request that arguments make; raises `ValueError` with a sentence for people.

    What is said beside a preset goes before what it says.
    """
    if not files:
        raise ValueError("Name at least one file or folder; lake backfill --help shows how.")
    known = presets.read(preset) if preset else Preset("")
    fields = known.map | _fields(mapped)
    where = known.where if where is None else where
    if where is not None:
        try:
            conditions.check(where)
        except SourceError as error:
            raise ValueError(str(error)) from None
    zone = time_zone or known.time_zone
    if zone is not None and not times.is_zone(zone):
        raise ValueError(
            f"--time-zone: there is no time zone {zone}; Europe/Berlin and UTC are two."
        )
    layout = Layout(
        _delimiter(delimiter) or known.delimiter,
        tuple(name.strip() for name in columns.split(",")) if columns else tuple(known.columns),
        header or known.header,
        escape or known.escape,
    )
    if layout.header and not layout.columns:
        layout = msgspec.structs.replace(
            layout, header=False
        )  # the first line has the names anyway
    # Absolute, so that the same command goes on from wherever it is given.
    names = tuple(name if place(name) else str(Path(name).absolute()) for name in files)
    unit = unit or cast(Unit, known.time_unit) or "ms"
    only = only_mapped or known.only_mapped
    return Request(names, fields, where, unit, zone, layout, only, known.values)


def _fields(mapped: Sequence[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for one in mapped:
        field, is_, column = (part.strip() for part in one.partition("="))
        if not (is_ and field and column):
            raise ValueError(f"--map {one} is not FIELD=COLUMN, such as movie_id=film.")
        if field not in likes.FIELDS:
            raise ValueError(
                f"--map: a like has no field {field}; it has {', '.join(likes.FIELDS)}."
            )
        if field in fields:
            raise ValueError(f"--map: {field} is named twice.")
        fields[field] = column
    return fields


def _delimiter(told: str | None) -> str | None:
    if told is None:
        return None
    delimiter = {"\\t": "\t", "tab": "\t"}.get(told, told)
    if not delimiter or any(char in delimiter for char in '\r\n"') or delimiter.isalnum():
        raise ValueError(f"--delimiter {told!r} cannot divide fields; ';', '::' and tab can.")
    return delimiter


def row(ledger: Ledger) -> tuple[object, ...]:
    """Give a backfill as a row of `COLUMNS`."""
    state = "done" if ledger.ended is not None else "open"
    totals = ledger.totals
    began = datetime.fromtimestamp(ledger.began / 1000, UTC)
    counts = totals.lines, totals.new, totals.duplicates, totals.rejected
    files = " ".join(ledger.request.files)
    return ledger.number, f"{began:%Y-%m-%d %H:%M:%S}", state, *counts, files

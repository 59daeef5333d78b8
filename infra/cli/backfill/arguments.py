"""What was asked for on the command line, and what there was of it, as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from infra.cli.backfill import conditions
from infra.cli.backfill.json_rows import Unit
from infra.cli.backfill.ledger import Ledger, Request
from infra.cli.backfill.source_files import SourceError, place
from transform.event import likes

COLUMNS = ("number", "began", "state", "lines", "new", "duplicates", "rejected", "files")


def read(files: Sequence[str], mapped: Sequence[str], where: str | None, unit: Unit) -> Request:
    """Give the request that arguments make; raises `ValueError` with a sentence for people."""
    if not files:
        raise ValueError("Name at least one file or folder; lake backfill --help shows how.")
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
    if where is not None:
        try:
            conditions.check(where)
        except SourceError as error:
            raise ValueError(str(error)) from None
    # Absolute, so that the same command goes on from wherever it is given.
    names = tuple(name if place(name) else str(Path(name).absolute()) for name in files)
    return Request(names, fields, where, unit)


def row(ledger: Ledger) -> tuple[object, ...]:
    """Give a backfill as a row of `COLUMNS`."""
    state = "done" if ledger.ended is not None else "open"
    totals = ledger.totals
    began = datetime.fromtimestamp(ledger.began / 1000, UTC)
    counts = totals.lines, totals.new, totals.duplicates, totals.rejected
    files = " ".join(ledger.request.files)
    return ledger.number, f"{began:%Y-%m-%d %H:%M:%S}", state, *counts, files

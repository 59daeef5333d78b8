"""What a question would cost, as people and programs read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TextIO

from infra.cli.output import tables
from infra.cli.output.formats import Format

COLUMNS = ("bytes", "most", "billed_bytes", "dollars", "files")


class Cost(Protocol):
    """Has a number for each of `COLUMNS`, and as text is a sentence."""

    @property
    def parts(self) -> Sequence[tuple[str, str | None, int]]:
        """Bytes by table and column; no column stands for whole objects."""


def write(cost: Cost, form: Format, out: TextIO) -> None:
    """Write of which columns a cost comes, and the sentence; or the numbers, for programs."""
    if form != "table":
        tables.write(COLUMNS, [[getattr(cost, name) for name in COLUMNS]], form, out)
        return
    parts = [(table, column or "whole objects", size) for table, column, size in cost.parts]
    tables.write(("table", "column", "bytes"), parts, form, out)
    out.write(f"{cost}\n")

"""How answers are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TextIO

from infra.cli.output import tables
from infra.cli.output.formats import Format


@dataclass(slots=True)
class Display:
    """The format that answers are written in; of tables, whether they may be wider than the
    terminal, how many rows they show, and whether each row is a list of its columns (`expanded`).
    """

    form: Format
    wide: bool = False
    rows: int = tables.ROWS
    expanded: bool = False

    @property
    def whole(self) -> bool:
        """Whether nothing is written before the last row is there: a table needs its widths."""
        return self.form == "table"

    def write(self, answer: tables.Answer, out: TextIO) -> int:
        """Write an answer, and give how many rows it has."""
        return tables.write_answer(
            answer, self.form, out, rows=self.rows, wide=self.wide, expanded=self.expanded
        )

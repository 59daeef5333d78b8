"""How the fields of a file of text are laid out, where the file does not say so itself."""

from __future__ import annotations

import re
from urllib.parse import unquote

import msgspec

_PARTITION = re.compile(r"([A-Za-z_]\w*)=([^/]*)")
_NULL = "__HIVE_DEFAULT_PARTITION__"


class Layout(msgspec.Struct, frozen=True):
    """Of a CSV file: what divides fields, what columns are called, and whether `\\` escapes.

    `delimiter` is found by the first line where it is not given. With `columns` the first line is a
    row, unless `header` says that it names the columns.
    """

    delimiter: str | None = None
    columns: tuple[str, ...] = ()
    header: bool = False
    escape: bool = False


PLAIN = Layout()
"""One that says nothing."""


def partitions(name: str) -> dict[str, str | None]:
    """Give the columns that the folders of a file stand for, as Hive names them:
    `day=2024-01-31/`."""
    found: dict[str, str | None] = {}
    for part in name.split("/")[:-1]:
        match = _PARTITION.fullmatch(part)
        if match:
            value = unquote(match[2])
            found[match[1]] = None if value == _NULL else value
    return found

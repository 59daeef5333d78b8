"""The formats that rows are written in."""

from __future__ import annotations

from pathlib import PurePath
from typing import Literal, cast, get_args

Export = Literal["json", "jsonl", "csv"]
Format = Literal["table", "json", "jsonl", "csv"]
FORMATS: tuple[Format, ...] = get_args(Format)
_SUFFIXES = {".txt": "table", ".ndjson": "jsonl"} | {f".{form}": form for form in get_args(Export)}


def of(path: str) -> Format:
    """Give the format that a file's suffix tells; `ValueError` names those that do."""
    suffix = PurePath(path).suffix.lower()
    if suffix not in _SUFFIXES:
        known = ", ".join(sorted(_SUFFIXES))
        raise ValueError(f'"{path}" tells no format: give --format, or one of {known}.')
    return cast(Format, _SUFFIXES[suffix])

"""Which files of a folder count while a day is being divided anew."""

from collections.abc import Sequence

NAME = "whole.parquet"
"""Holds all of its folder's rows, also those of the files that stand beside it meanwhile."""


def counted(paths: Sequence[str]) -> list[str]:
    """Give the paths that count, in their order: where a whole file stands, it alone does.

    Whoever divides a folder anew writes the whole file, removes the old parts, writes the new ones
    and removes the whole file; at each of these moments every row counts once.
    """
    whole = {folder for folder, name in map(_split, paths) if name == NAME}
    return [path for path in paths if _split(path)[0] not in whole or _split(path)[1] == NAME]


def _split(path: str) -> tuple[str, str]:
    folder, _, name = path.rpartition("/")
    return folder, name

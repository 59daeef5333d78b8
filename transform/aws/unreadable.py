"""Objects that cannot be read: which they are, and why.

Nothing is read twice for it. Where reading fails, the files that were read are looked at one by
one; if all of them can be read, what failed is raised as it was.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import duckdb
import msgspec
import pyarrow as pa

from transform.aws.buckets import Bucket
from transform.lake import duck

T = TypeVar("T")
_UNFIT = (pa.ArrowException, msgspec.MsgspecError, OSError, KeyError, ValueError)
"""What decoders raise: Arrow tells a broken page as OSError, and a footer that lacks what is to be
in it shows as KeyError."""


class Unreadable(Exception):
    """Objects that are not what they should be; `found` says why, by key."""

    def __init__(self, found: Mapping[str, str]) -> None:
        """Name them."""
        self.found = dict(found)
        told = "; ".join(f"{key} cannot be read: {why}" for key, why in self.found.items())
        super().__init__(f"{told} `lake reconcile --repair` mends what can be mended.")


def decoded(key: str, body: bytes, decode: Callable[[bytes], T]) -> T:
    """Give what the bytes of an object hold; raises `Unreadable`."""
    try:
        return decode(body)
    except _UNFIT as error:
        raise Unreadable({key: _why(error)}) from error


def of(bucket: Bucket, key: str, decode: Callable[[bytes], T]) -> T:
    """Give what an object holds that a listing showed; raises `Unreadable` and `Conflict`."""
    return decoded(key, bucket.get(key)[0], decode)


@contextmanager
def reading(files: Mapping[Path, str]) -> Iterator[None]:
    """Raise `Unreadable` if what is raised within comes from files, whose keys are given."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        duck.raise_if_full(error)
        found = {files[path]: why for path, why in duck.broken(files).items()}
        if not found:
            raise
        raise Unreadable(found) from error


def _why(error: Exception) -> str:
    told = str(error).splitlines()
    return f"{type(error).__name__}: {told[0] if told else ''}"[:200]

"""Somebody else who writes an object just before its writer does, and whether that is noticed."""

import io
import re
from contextlib import suppress
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.bucket import Objects


class Race:
    """Somebody else puts or changes an object of some keys once, just before it is put or deleted.

    `lost` has the keys of which somebody's version was replaced by who had not looked at it since.
    """

    def __init__(self, s3: Objects, keys: str) -> None:
        """Let somebody else at the objects whose keys match all of a pattern."""
        self.lost: list[str] = []
        self.ran = ""
        self._unseen: set[str] = set()
        self._s3, self._keys = s3, re.compile(keys)
        self._put, self._delete = s3.put_object, s3.delete_object
        s3.put_object, s3.delete_object = self._putting, self._deleting  # type: ignore[method-assign]
        s3.after = self._looked

    def _putting(self, Bucket: str, Key: str, Body: Any, **more: str) -> dict[str, str]:
        body = Body if isinstance(Body, bytes) else Body.read()
        self._somebody(Key, body)
        answer = self._put(Bucket, Key, body, **more)
        self._done(Key)
        return answer

    def _deleting(self, Bucket: str, Key: str, IfMatch: str) -> None:
        self._somebody(Key, b"")
        self._delete(Bucket, Key, IfMatch)
        self._done(Key)

    def _somebody(self, key: str, body: bytes) -> None:
        if not self.ran and self._keys.fullmatch(key):
            self.ran = key
            self._s3.add(key, otherwise(body or self._s3.objects[key]))
            self._unseen.add(key)

    def _looked(self, call: str, key: str) -> None:
        if call in ("get", "list"):
            self._unseen = {one for one in self._unseen if not one.startswith(key)}

    def _done(self, key: str) -> None:
        if key in self._unseen:
            self._unseen.remove(key)
            self.lost.append(key)


def otherwise(body: bytes) -> bytes:
    """Give other bytes that tell the same, where anything reads them."""
    with suppress(pa.ArrowInvalid, OSError):
        rows, sink = pq.read_table(io.BytesIO(body)), io.BytesIO()
        pq.write_table(rows, sink, compression="gzip")
        return sink.getvalue()
    return body + b"\n" if body.isascii() else body[::-1]

"""A bucket whose connections break, and whose objects change, on schedule."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ResponseStreamingError

from tests.fakes import refusal

MODIFIED = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Bucket:
    """Objects of the bucket `history` as the boto3 client shows them.

    `breaks` holds, for each read to come, after how many bytes its connection breaks; `after` is
    called after each piece that is read.
    """

    def __init__(self, **objects: bytes) -> None:
        self.objects = {key.replace("__", "/"): body for key, body in objects.items()}
        self.breaks: list[int] = []
        self.after: Callable[[], None] = lambda: None
        self.ranges: list[str | None] = []
        self.forbidden: set[str] = set()

    def head_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        """Tell of an object; the service answers 404 without a code of its own."""
        self._allow("head", Bucket, "404")
        if Key not in self.objects:
            raise refusal("404")
        body = self.objects[Key]
        return {"ETag": etag(body), "ContentLength": len(body), "LastModified": MODIFIED}

    def get_object(
        self, Bucket: str, Key: str, IfMatch: str, Range: str | None = None
    ) -> dict[str, Any]:
        """Give an object, or from where on."""
        self._allow("get", Bucket, "NoSuchBucket")
        self.ranges.append(Range)
        if Key not in self.objects:
            raise refusal("NoSuchKey")
        body = self.objects[Key]
        if etag(body) != IfMatch:
            raise refusal("PreconditionFailed")
        start, _, end = (Range or "bytes=0-").removeprefix("bytes=").partition("-")
        if int(start) >= len(body) and Range:
            raise refusal("InvalidRange")
        part = body[int(start) : int(end) + 1 if end else None]
        return {"Body": _Body(part, self.breaks.pop(0) if self.breaks else None, self)}

    def get_paginator(self, operation: str) -> Any:
        """List objects, two a page."""
        assert operation == "list_objects_v2"
        return SimpleNamespace(paginate=self._pages)

    def _pages(self, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:
        self._allow("list", Bucket, "NoSuchBucket")
        keys = sorted(key for key in self.objects if key.startswith(Prefix))
        for at in range(0, max(len(keys), 1), 2):
            page = [self._item(key) for key in keys[at : at + 2]]
            yield {"Contents": page} if page else {}

    def _item(self, key: str) -> dict[str, Any]:
        body = self.objects[key]
        return {"Key": key, "ETag": etag(body), "Size": len(body), "LastModified": MODIFIED}

    def _allow(self, call: str, bucket: str, code: str) -> None:
        if bucket != "history":
            raise refusal(code)
        if call in self.forbidden:
            raise refusal("AccessDenied")


class _Body:
    def __init__(self, data: bytes, breaks: int | None, bucket: Bucket) -> None:
        self.data, self.breaks, self.bucket = data, breaks, bucket

    def read(self, size: int | None = None) -> bytes:
        """Read on, until the connection breaks."""
        part = self.data[:size]
        if self.breaks is not None:
            part = part[: self.breaks]
            self.breaks -= len(part)
            if not part:
                raise ResponseStreamingError(error="Connection reset by peer")
        self.data = self.data[len(part) :]
        self.bucket.after()
        return part

    def close(self) -> None:
        """Let go of the connection."""


def etag(body: bytes) -> str:
    """Give the ETag of an object that was put whole."""
    return f'"{hashlib.md5(body).hexdigest()}"'

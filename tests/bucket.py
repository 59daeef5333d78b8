"""An in-memory bucket with times, conditions and listings, that lets others in between calls."""

import hashlib
import io
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from tests.fakes import refusal


class Objects:
    """Objects as the boto3 client shows them.

    `before` and `after` see each call and its key, and may fail it, or act as somebody else.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.modified: dict[str, int] = {}
        self.kinds: dict[str, str | None] = {}
        self.now = 1_800_000_000_000
        self.before: Callable[[str, str], None] = lambda call, key: None
        self.after: Callable[[str, str], None] = lambda call, key: None
        self.writes: list[str] = []
        """Of puts and deletes, in their order, the keys."""
        self.lock = threading.RLock()

    def add(self, key: str, body: bytes, modified: int | None = None) -> None:
        """Have an object there, unseen by the hooks."""
        self.objects[key] = body
        self.modified[key] = self.now if modified is None else modified

    def put_object(self, Bucket: str, Key: str, Body: Any, **condition: str) -> dict[str, str]:
        """Keep an object on its condition."""
        self.before("put", Key)
        body = Body if isinstance(Body, bytes) else Body.read()
        with self.lock:
            stands = self.objects.get(Key)
            absent, same = condition.pop("IfNoneMatch", None), condition.pop("IfMatch", None)
            kind = condition.pop("ContentType", None)
            assert not condition and absent in (None, "*") and not (absent and same)
            if same and stands is None:
                raise refusal("NoSuchKey")
            if stands is not None and (absent or (same and same != etag(stands))):
                raise refusal("PreconditionFailed")
            self.add(Key, body)
            self.kinds[Key] = kind
            self.writes.append(Key)
        self.after("put", Key)
        return {"ETag": etag(body)}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        """Give an object."""
        self.before("get", Key)
        if Key not in self.objects:
            raise refusal("NoSuchKey")
        body = self.objects[Key]
        self.after("get", Key)
        return {"Body": io.BytesIO(body), "ETag": etag(body)}

    def generate_presigned_url(self, *_: Any, **__: Any) -> str:
        """Give an address at which nobody answers."""
        return "http://127.0.0.1:9"

    def delete_object(self, Bucket: str, Key: str, IfMatch: str) -> None:
        """Remove an object on its condition."""
        self.before("delete", Key)
        with self.lock:
            if Key not in self.objects:
                raise refusal("NoSuchKey")
            if IfMatch != etag(self.objects[Key]):
                raise refusal("PreconditionFailed")
            del self.objects[Key]
            self.writes.append(Key)
        self.after("delete", Key)

    def delete_objects(self, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:
        """Remove objects that may be there, one after another."""
        assert len(Delete["Objects"]) <= 1000
        for one in Delete["Objects"]:
            self.before("delete", one["Key"])
            self.objects.pop(one["Key"], None)
            self.writes.append(one["Key"])
            self.after("delete", one["Key"])
        return {}

    def get_paginator(self, operation: str) -> Any:
        """List objects, three a page."""
        if operation == "list_object_versions":
            return SimpleNamespace(paginate=lambda **_: [{}])
        assert operation == "list_objects_v2"
        return SimpleNamespace(paginate=self._pages)

    def _pages(self, Bucket: str, Prefix: str, StartAfter: str) -> Iterator[dict[str, Any]]:
        while True:
            self.before("list", Prefix)
            found = sorted(k for k in self.objects if k.startswith(Prefix) and k > StartAfter)
            yield {"Contents": [self._item(key) for key in found[:3]]} if found else {}
            self.after("list", Prefix)
            if len(found) <= 3:
                return
            StartAfter = found[2]

    def _item(self, key: str) -> dict[str, Any]:
        return {
            "Key": key,
            "ETag": etag(self.objects[key]),
            "Size": len(self.objects[key]),
            "LastModified": datetime.fromtimestamp(self.modified[key] / 1000, UTC),
        }


def etag(body: bytes) -> str:
    """Give the ETag of an object that was put whole."""
    return f'"{hashlib.md5(body).hexdigest()}"'

"""A bucket in a folder, as fast as the disk, that notes each call."""

import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.fakes import refusal

ITSELF = ".itself"
"""The file of a key that ends with a slash, in the folder of that name."""
PAGE = 1_000
"""Objects that one call lists (Amazon S3 API Reference, ListObjectsV2)."""


class Folder:
    """Objects as the boto3 client shows them, in a folder; what is below it is only read.

    `calls` has GET, PUT and LIST, one for each request that S3 would bill; a list, to which
    threads may add. The time of an object is that of its file.
    """

    def __init__(self, top: Path, below: Path | None = None) -> None:
        self._layers = [top, below] if below else [top]
        self.calls: list[str] = []

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        """Give an object."""
        self.calls.append("GET")
        if not (path := self._find(Key)):
            raise refusal("NoSuchKey")
        return {"Body": path.open("rb"), "ETag": _etag(path)}

    def put_object(self, Bucket: str, Key: str, Body: Any, **condition: str) -> dict[str, str]:
        """Keep an object on its condition, whole at any time."""
        self.calls.append("PUT")
        stands = self._find(Key)
        if same := condition.get("IfMatch"):
            if not stands:
                raise refusal("NoSuchKey")
            if same != _etag(stands):
                raise refusal("PreconditionFailed")
        elif "IfNoneMatch" in condition and stands:
            raise refusal("PreconditionFailed")
        path = _path(self._layers[0], Key)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
            file.write(Body if isinstance(Body, bytes) else Body.read())
        os.replace(file.name, path)
        return {"ETag": _etag(path)}

    def get_paginator(self, operation: str) -> Any:
        """List objects, a thousand a page."""
        if operation == "list_object_versions":  # it keeps none
            return SimpleNamespace(paginate=lambda **_: [{}])
        assert operation == "list_objects_v2"
        return SimpleNamespace(paginate=self._pages)

    def _pages(self, Bucket: str, Prefix: str, StartAfter: str = "") -> Iterator[dict[str, Any]]:
        keys = sorted({key for one in self._layers for key in _keys(one, Prefix, StartAfter)})
        for first in range(0, len(keys) or 1, PAGE):
            self.calls.append("LIST")
            yield {"Contents": [self._item(key) for key in keys[first : first + PAGE]]}

    def _item(self, key: str) -> dict[str, Any]:
        path = self._find(key)
        assert path
        stat = path.stat()
        modified = datetime.fromtimestamp(stat.st_mtime, UTC)
        return {"Key": key, "ETag": _etag(path), "Size": stat.st_size, "LastModified": modified}

    def _find(self, key: str) -> Path | None:
        return next((path for one in self._layers if (path := _path(one, key)).is_file()), None)


def _keys(root: Path, prefix: str, after: str) -> Iterator[str]:
    """Give the keys that start with a prefix and come after another, with a look at no others."""
    folders = [prefix.rpartition("/")[0]]
    while folders:
        folder = folders.pop()
        start = f"{folder}/" if folder else ""
        entries = os.scandir(root / folder) if (root / folder).is_dir() else ()
        for entry in entries:
            if entry.name == ITSELF and start.startswith(prefix) and start > after:
                yield start
            key = start + entry.name
            if not key.startswith(prefix) or entry.name.startswith("."):
                continue
            if entry.is_dir():
                if f"{key}/\U0010ffff" > after:
                    folders.append(key)
            elif key > after:
                yield key


def _path(root: Path, key: str) -> Path:
    return root / key / ITSELF if key.endswith("/") else root / key


def _etag(path: Path) -> str:
    stat = path.stat()
    return f'"{stat.st_ino:x}-{stat.st_mtime_ns:x}-{stat.st_size:x}"'

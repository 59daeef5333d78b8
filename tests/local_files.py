"""Files of this machine as the boto3 client shows objects, for engines that read a folder."""

import io
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.fs as pafs

from queries.engine.store import Store
from tests.fakes import refusal


class Files:
    """A bucket without a name, whose keys are the paths of files, without the first slash."""

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        """Give a file."""
        try:
            with Path("/", Key).open("rb") as file:
                return {"Body": io.BytesIO(file.read()), "ETag": _etag(os.fstat(file.fileno()))}
        except FileNotFoundError:
            raise refusal("NoSuchKey") from None

    def get_paginator(self, operation: str) -> Any:
        """List files, all on one page."""
        assert operation == "list_objects_v2"
        return SimpleNamespace(paginate=self._pages)

    def _pages(
        self, Bucket: str, Prefix: str, Delimiter: str = "", StartAfter: str = ""
    ) -> Iterator[dict[str, Any]]:
        folder = Path("/", Prefix.rpartition("/")[0])
        if Delimiter:
            found = next(os.walk(folder), ("", [], []))[1]
            yield {"CommonPrefixes": [{"Prefix": f"{Prefix}{name}/"} for name in sorted(found)]}
            return
        paths = (Path(top, name) for top, _, names in os.walk(folder) for name in names)
        keys = sorted(path.as_posix()[1:] for path in paths)
        wanted = [key for key in keys if key.startswith(Prefix) and key > StartAfter]
        yield {"Contents": [item for key in wanted if (item := _item(key))]}


def _item(key: str) -> dict[str, Any] | None:
    try:
        told = os.stat(f"/{key}")
    except FileNotFoundError:
        return None  # removed meanwhile
    written = datetime.fromtimestamp(told.st_mtime, UTC)
    return {"Key": key, "Size": told.st_size, "ETag": _etag(told), "LastModified": written}


def _etag(told: os.stat_result) -> str:
    return f'"{told.st_ino:x}-{told.st_mtime_ns:x}-{told.st_size:x}"'


def store() -> Store:
    """Give the files of this machine as an engine reads them."""
    return Store(Files(), pafs.LocalFileSystem())

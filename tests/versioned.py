"""An in-memory bucket that keeps each version of its objects until it is removed for good."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from types import SimpleNamespace
from typing import Any

from tests.bucket import Objects, etag
from tests.fakes import refusal


class Versioned(Objects):
    """Objects as the boto3 client shows those of a versioned bucket."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: dict[str, str] = {}
        self.old: dict[str, dict[str, bytes]] = {}
        self.numbers = count(1)

    def add(self, key: str, body: bytes, modified: int | None = None) -> None:
        """Have an object there; what it replaces becomes an old version."""
        self._age(key)
        super().add(key, body, modified)
        self.ids[key] = f"v{next(self.numbers)}"

    def copy(self) -> "Versioned":
        """Give another that holds the same."""
        other = Versioned()
        other.objects, other.modified = dict(self.objects), dict(self.modified)
        other.kinds, other.ids, other.now = dict(self.kinds), dict(self.ids), self.now
        other.old = {key: dict(versions) for key, versions in self.old.items()}
        other.numbers = count(sum(map(len, (other.ids, *other.old.values()))) + 1)
        return other

    def bodies(self) -> Iterator[tuple[str, bytes]]:
        """Give the key and the bytes of every version."""
        yield from self.objects.items()
        for key, versions in self.old.items():
            yield from ((key, body) for body in versions.values())

    def get_object(self, Bucket: str, Key: str, VersionId: str | None = None) -> dict[str, Any]:
        """Give an object, or an old version of it."""
        if VersionId is None or VersionId == self.ids.get(Key):
            return super().get_object(Bucket, Key) | {"ContentType": self.kinds.get(Key)}
        self.before("get", Key)
        if VersionId not in self.old.get(Key, {}):
            raise refusal("NoSuchVersion")
        body = self.old[Key][VersionId]
        self.after("get", Key)
        return {"Body": io.BytesIO(body), "ETag": etag(body)}

    def delete_object(self, Bucket: str, Key: str, IfMatch: str) -> None:
        """Remove an object on its condition; it stays as an old version."""
        body = self.objects.get(Key)
        version = self.ids.get(Key)
        super().delete_object(Bucket, Key, IfMatch)
        assert body is not None and version is not None
        self.old.setdefault(Key, {})[version] = body
        del self.ids[Key]

    def delete_objects(self, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:
        """Remove versions for good."""
        for one in Delete["Objects"]:
            self.before("purge", one["Key"])
            if one["VersionId"] == self.ids.get(one["Key"]):
                del self.objects[one["Key"]], self.ids[one["Key"]]
            else:
                self.old.get(one["Key"], {}).pop(one["VersionId"], None)
            self.after("purge", one["Key"])
        return {}

    def get_paginator(self, operation: str) -> Any:
        """List objects or versions, three a page."""
        if operation == "list_object_versions":
            return SimpleNamespace(paginate=self._version_pages)
        return super().get_paginator(operation)

    def _version_pages(self, Bucket: str, Prefix: str = "") -> Iterator[dict[str, Any]]:
        moment = datetime.fromtimestamp(self.now / 1000, UTC)
        found = [
            {"Key": key, "VersionId": version, "ETag": etag(body), "Size": len(body),
             "IsLatest": latest, "LastModified": moment}
            for key in sorted({*self.objects, *self.old})
            if key.startswith(Prefix)
            for version, body, latest in [
                *([(self.ids[key], self.objects[key], True)] if key in self.objects else []),
                *((version, body, False) for version, body in
                  reversed(self.old.get(key, {}).items())),
            ]
        ]  # fmt: skip
        for first in range(0, len(found) or 1, 3):
            self.before("list", "versions")
            yield {"Versions": found[first : first + 3]}
            self.after("list", "versions")

    def _age(self, key: str) -> None:
        if key in self.objects:
            self.old.setdefault(key, {})[self.ids[key]] = self.objects[key]

"""Objects of the lake's bucket: read whole, and replaced only where nobody else did meanwhile."""

import errno
import shutil
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from glue.signed import PIECE, Signed
from transform.lake.errors import NoRoom
from transform.lake.watermark import Object

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SMALL = 2**20
"""Bytes of a file that is sent from memory."""


class Conflict(Exception):
    """An object is not what it was when it was read: read it again."""


class Forbidden(Exception):
    """A role that lacks a right; the message names the object."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, by name, and the client to reach it. What a service raises otherwise is raised."""

    client: "S3Client"
    name: str
    signed: Signed | None = None
    """What reads and writes faster, where there is much of it."""
    hidden: Set[str] = frozenset()
    """The keys of objects that are taken for missing."""

    @property
    def on_aws(self) -> bool:
        """Tell whether it is one of AWS, and not an emulator's."""
        meta = getattr(self.client, "meta", None)
        return meta is None or "amazonaws." in str(meta.endpoint_url)

    def list(self, prefix: str, after: str = "") -> Iterator[Object]:
        """Give the objects under a prefix whose keys come after one, in their order."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=prefix, StartAfter=after
        )
        with self.named(prefix):
            for page in pages:
                for item in page.get("Contents", ()):
                    if item["Key"] in self.hidden:
                        continue
                    modified = round(item["LastModified"].timestamp() * 1000)
                    yield Object(item["Key"], item["ETag"], modified, item["Size"])

    def read(self, key: str) -> tuple[bytes, str] | None:
        """Give an object's bytes and its ETag; None where there is none."""
        with self.named(key):
            if key in self.hidden:
                return None
            if self.signed and (found := self.signed.get(self.name, key)):
                return found
            answer = self._get(key)
            return (answer["Body"].read(), answer["ETag"]) if answer else None

    def get(self, key: str) -> tuple[bytes, str]:
        """Give the bytes and the ETag of an object that a listing showed."""
        found = self.read(key)
        if found is None:
            raise Conflict(f"s3://{self.name}/{key} was removed by somebody else.")
        return found

    def download(self, key: str, path: Path) -> str | None:
        """Write an object to a file and give its ETag; None where there is none."""
        with self.named(key), _room():
            if key in self.hidden:
                return None
            if self.signed and (etag := self.signed.download(self.name, key, path)):
                return etag
            if not (answer := self._get(key)):
                return None
            with path.open("wb") as file:
                shutil.copyfileobj(answer["Body"], file, PIECE)
            return str(answer["ETag"])

    def put(self, key: str, body: bytes | Path, etag: str | None, kind: str | None = None) -> str:
        """Replace the object that had this ETag (None: there was none); gives the new one.

        `kind` is what a browser is told that it is.
        """
        headers = {"If-Match": etag} if etag else {"If-None-Match": "*"}
        if kind:
            headers["Content-Type"] = kind
        more: Any = {name.replace("-", ""): value for name, value in headers.items()}
        # Of a file, boto3 asks first whether it may send it, which for a small one takes longer.
        if isinstance(body, Path) and body.stat().st_size <= SMALL:
            body = body.read_bytes()
        with self.named(key):
            if isinstance(body, bytes):
                small = self.signed if len(body) <= SMALL else None
                if small and (new := small.put(self.name, key, body, headers)):
                    return new
                answer = self.client.put_object(Bucket=self.name, Key=key, Body=body, **more)
            else:
                with body.open("rb") as file:
                    answer = self.client.put_object(Bucket=self.name, Key=key, Body=file, **more)
            return answer["ETag"]

    def replace(self, key: str, body: bytes) -> None:
        """Put an object in the place of whatever is there."""
        with self.named(key):
            self.client.put_object(Bucket=self.name, Key=key, Body=body)

    def delete(self, key: str, etag: str) -> None:
        """Remove the object that had this ETag."""
        with self.named(key):
            self.client.delete_object(Bucket=self.name, Key=key, IfMatch=etag)

    def remove(self, keys: Sequence[str]) -> None:
        """Remove objects, whatever they are, and whether or not they are there.

        Where an ETag is named, S3 demands the right to read as well:
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
        """
        for first in range(0, len(keys), 1000):  # at most, says DeleteObjects
            some: Any = [{"Key": key} for key in keys[first : first + 1000]]
            with self.named(keys[first]):
                answer = self.client.delete_objects(Bucket=self.name, Delete={"Objects": some})
                if failed := answer.get("Errors"):
                    raise ClientError({"Error": failed[0]}, "DeleteObjects")

    def _get(self, key: str) -> Any:
        try:
            return self.client.get_object(Bucket=self.name, Key=key)
        except ClientError as error:
            if code(error) == "NoSuchKey":
                return None
            if code(error) == "AccessDenied" and self._is_missing(key):
                return None
            raise

    def _is_missing(self, key: str) -> bool:
        """Tell that a listing does not show an object that may not be read.

        Who may list only some prefixes gets AccessDenied, not NoSuchKey, for what is not there:
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        """
        try:
            first = next(self.list(key), None)
        except Forbidden:
            return False
        return first is None or first.key != key

    @contextmanager
    def named(self, key: str) -> Iterator[None]:
        """Raise `Conflict` and `Forbidden` for what the service says of an object within."""
        try:
            yield
        except ClientError as error:
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
            if code(error) in {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}:
                raise Conflict(f"s3://{self.name}/{key} was changed by somebody else.") from error
            if code(error) in {"AccessDenied", "NoSuchBucket"}:
                raise Forbidden(
                    f"s3://{self.name}/{key}: {error.operation_name}: {code(error)}."
                ) from error
            raise


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise NoRoom(f"There is no room to merge: {error}") from error


def code(error: ClientError) -> str:
    """Give the code of what a service says."""
    return error.response["Error"]["Code"]

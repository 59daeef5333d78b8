"""Objects of a bucket in all their versions: listed, read, put back, and removed for good.

The lake's bucket keeps earlier ones for a week. One that is not versioned has one of each object.
"""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from transform.aws.buckets import Bucket, Conflict, code
from transform.lake import duck, watermark

MOST = 1_000
"""Versions that one call removes (Amazon S3 API Reference, DeleteObjects)."""
_GONE = {"NoSuchKey", "NoSuchVersion", "404"}


class Version(msgspec.Struct, frozen=True):
    """A version of an object; `latest` is what a reader sees who names none, `modified` is in epoch
    milliseconds."""

    key: str
    id: str
    etag: str
    size: int
    latest: bool
    modified: int


def every(bucket: Bucket, prefix: str = "") -> Iterator[Version]:
    """Give the versions of objects whose keys start so, as S3 lists them.

    Marks that say that an object was deleted hold nothing, and are none.
    """
    pages = bucket.client.get_paginator("list_object_versions").paginate(
        Bucket=bucket.name, Prefix=prefix
    )
    with bucket.named(prefix):
        for page in pages:
            for one in page.get("Versions", ()):
                yield Version(
                    one["Key"],
                    one["VersionId"],
                    one["ETag"],
                    one["Size"],
                    one["IsLatest"],
                    round(one["LastModified"].timestamp() * 1000),
                )


def earlier(bucket: Bucket, prefix: str) -> list[Version]:
    """Give the earlier versions of objects whose keys start so: by key, the newest first."""
    found = [one for one in every(bucket, prefix) if not one.latest]
    return sorted(found, key=lambda one: (one.key, -one.modified))


def download(bucket: Bucket, one: Version, path: Path) -> str | None:
    """Write a version to a file; gives what kind it says it is, None where it is gone."""
    if (answer := _get(bucket, one)) is None:
        return None
    with path.open("wb") as file:
        shutil.copyfileobj(answer["Body"], file)
    return answer.get("ContentType") or "binary/octet-stream"


def read(bucket: Bucket, one: Version) -> bytes | None:
    """Give the bytes of a version; None where it is gone."""
    answer = _get(bucket, one)
    return None if answer is None else answer["Body"].read()


def _get(bucket: Bucket, one: Version) -> Any:
    with bucket.named(one.key):
        try:
            return bucket.client.get_object(Bucket=bucket.name, Key=one.key, VersionId=one.id)
        except ClientError as error:
            if code(error) in _GONE:
                return None
            raise


def remove(bucket: Bucket, some: Sequence[Version]) -> None:
    """Remove versions for good, whether or not they are still there.

    It takes the rights to delete objects as well as versions:
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
    """
    for first in range(0, len(some), MOST):
        named: Any = [{"Key": one.key, "VersionId": one.id} for one in some[first : first + MOST]]
        with bucket.named(some[first].key):
            answer = bucket.client.delete_objects(Bucket=bucket.name, Delete={"Objects": named})
            if failed := answer.get("Errors"):
                raise ClientError({"Error": failed[0]}, "DeleteObjects")


def put_back(bucket: Bucket, key: str) -> bool | None:
    """Put the newest earlier version that can be read in the place of an object that cannot be, or
    is gone. Where there is none, the object goes, and stays as an earlier version itself.

    Tells whether there was one; None where the object can be read, or others changed it meanwhile.
    """
    there = next((one for one in bucket.list(key) if one.key == key), None)
    if there and is_readable(key, bucket.get(key)[0]):
        return None
    with suppress(Conflict):
        for one in earlier(bucket, key):
            body = read(bucket, one) if one.key == key else None
            if body is not None and is_readable(key, body):
                bucket.put(key, body, there.etag if there else None)
                return True
        if there:
            bucket.delete(key, there.etag)
        return False
    return None


def is_readable(key: str, body: bytes) -> bool:
    """Tell whether an object's bytes are JSON, or Parquet to their end."""
    if not key.endswith(".parquet") and not key.startswith(watermark.RAW):
        with suppress(msgspec.DecodeError):
            return isinstance(msgspec.json.decode(body), dict)
        return False
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        file.write(body)
        file.flush()
        return not duck.broken([Path(file.name)], likes=False)

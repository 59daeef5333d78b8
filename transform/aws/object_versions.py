"""Earlier versions of the lake's objects, which its bucket keeps for a week."""

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
from botocore.exceptions import ClientError

from transform.aws.buckets import Bucket, Conflict, code
from transform.lake import duck, watermark

_GONE = {"NoSuchKey", "NoSuchVersion", "404"}


class Version(msgspec.Struct, frozen=True):
    """An earlier version of an object; `modified` is in epoch milliseconds."""

    key: str
    id: str
    size: int
    modified: int


def earlier(bucket: Bucket, prefix: str) -> Iterator[Version]:
    """Give the earlier versions of objects whose keys start so: by key, the newest first.

    Marks that say that an object was deleted hold nothing, and are none.
    """
    pages = bucket.client.get_paginator("list_object_versions").paginate(
        Bucket=bucket.name, Prefix=prefix
    )
    with bucket.named(prefix):
        found = [
            Version(
                one["Key"],
                one["VersionId"],
                one["Size"],
                round(one["LastModified"].timestamp() * 1000),
            )
            for page in pages
            for one in page.get("Versions", ())
            if not one["IsLatest"]
        ]
    yield from sorted(found, key=lambda one: (one.key, -one.modified))


def read(bucket: Bucket, one: Version) -> bytes | None:
    """Give the bytes of a version; None where it is gone."""
    with bucket.named(one.key):
        try:
            answer = bucket.client.get_object(Bucket=bucket.name, Key=one.key, VersionId=one.id)
        except ClientError as error:
            if code(error) in _GONE:
                return None
            raise
        return answer["Body"].read()


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

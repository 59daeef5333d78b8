"""The objects that tables rest in: listed with their versions, and read whole, one GET each."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from os.path import commonprefix
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from glue import whole
from glue.signed import Signed, settings

AT_ONCE = 16
"""Requests under way together; a client needs as many connections."""


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was listed: its path, which starts with the bucket, and its size in bytes.

    It has another ETag once it was replaced; should it ever be what it was before, then it was
    written at another time. `body` is what it holds, where it was read whole.
    """

    path: str
    size: int
    etag: str
    written: datetime
    body: pa.Buffer | None = None

    @property
    def folder(self) -> str:
        """The folder it lies in."""
        return self.path.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Store:
    """S3, by boto3's client, which tells versions, and by pyarrow, which reads parts of files.

    The file system must be one of pyarrow's own: DuckDB holds Python's lock while it waits for the
    first file of a scan, and one written in Python would wait for that lock. Whatever S3 says no
    to is an `OSError`.
    """

    client: Any
    filesystem: pafs.FileSystem
    signed: Signed | None = None

    def folders(self, path: str) -> list[str]:
        """The folders in a folder, in order."""
        bucket, _, prefix = path.partition("/")
        pages = self._pages(Bucket=bucket, Prefix=f"{prefix}/", Delimiter="/")
        return [
            f"{bucket}/{item['Prefix'].removesuffix('/')}"
            for page in pages
            for item in page.get("CommonPrefixes", ())
        ]

    def files(self, first: str, last: str) -> list[File]:
        """The files, at any depth, of the folders of one folder from the first to the last, in
        order; only those that count, and nothing beside these folders is listed.
        """
        bucket, _, start = f"{first}/".partition("/")
        end = f"{last}/".partition("/")[2]
        found = {}
        for item in self._items(bucket, commonprefix((start, end)), start):
            key = item["Key"]
            if key > end and not key.startswith(end):
                break
            # Hive's rule, and Athena's: a name with a leading dot or underscore is not data.
            if item["Size"] and not key.rpartition("/")[2].startswith((".", "_")):
                path = f"{bucket}/{key}"
                found[path] = File(path, item["Size"], item["ETag"], item["LastModified"])
        return [found[path] for path in whole.counted(list(found))]

    def read(self, path: str) -> tuple[str, pa.Buffer] | None:
        """The ETag of a file and what it holds, of one version; None where it is gone."""
        bucket, _, key = path.partition("/")
        if not (found := self.signed and self.signed.get(bucket, key)):
            with _told():
                try:
                    answer = self.client.get_object(Bucket=bucket, Key=key)
                except ClientError as error:
                    if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                        return None
                    raise
                found = answer["Body"].read(), answer["ETag"]
        body = pa.BufferOutputStream()  # Arrow's own memory: to free it takes no lock of Python
        body.write(found[0])
        return found[1], body.getvalue()

    def _items(self, bucket: str, prefix: str, after: str) -> Iterator[Any]:
        for page in self._pages(Bucket=bucket, Prefix=prefix, StartAfter=after):
            yield from page.get("Contents", ())

    def _pages(self, **request: str) -> Iterator[Any]:
        with _told():
            yield from self.client.get_paginator("list_objects_v2").paginate(**request)


@lru_cache(32)  # of as many callers, whose connections stay open
def of_session(session: Any, endpoint: str | None = None) -> Store:
    """The S3 that a boto3 session reaches, at `endpoint` where it is an emulator's."""
    config = Config(max_pool_connections=AT_ONCE)
    client = session.client("s3", endpoint_url=endpoint, config=config)
    if "amazonaws.com" in client.meta.endpoint_url:
        client = session.client("s3", config=config.merge(Config(**settings(emulated=False))))
    # boto3 knows more places than pyarrow where credentials and an endpoint can be told.
    scheme, _, host = client.meta.endpoint_url.partition("://")
    credentials = session.get_credentials().get_frozen_credentials()
    filesystem = pafs.S3FileSystem(
        access_key=credentials.access_key,
        secret_key=credentials.secret_key,
        session_token=credentials.token,
        region=session.region_name,
        scheme=scheme,
        endpoint_override=None if "amazonaws.com" in host else host,
    )
    return Store(client, filesystem, Signed(client, AT_ONCE))


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise OSError(str(error)) from None

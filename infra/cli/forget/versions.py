"""Objects of a bucket in all their versions: listed, read, and removed for good."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MOST = 1_000
"""Versions that one call removes (Amazon S3 API Reference, DeleteObjects)."""
_GONE = {"NoSuchKey", "NoSuchVersion", "404"}


class Version(msgspec.Struct, frozen=True):
    """A version of an object; `latest` is what a reader sees who names none."""

    key: str
    id: str
    etag: str
    size: int
    latest: bool


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions in a bucket. One that is not versioned has one of each object, `null`."""

    client: S3Client
    bucket: str

    def list(self) -> Iterator[Version]:
        """Give all of them; a mark that says an object is deleted holds nothing, and is none."""
        pages = self.client.get_paginator("list_object_versions").paginate(Bucket=self.bucket)
        for page in pages:
            for one in page.get("Versions", ()):
                yield Version(
                    one["Key"], one["VersionId"], one["ETag"], one["Size"], one["IsLatest"]
                )

    def download(self, one: Version, path: Path) -> str | None:
        """Write a version to a file; gives what kind it says it is, None where it is gone."""
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=one.key, VersionId=one.id)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return None
            raise
        with path.open("wb") as file:
            shutil.copyfileobj(answer["Body"], file)
        return answer.get("ContentType") or "binary/octet-stream"

    def remove(self, some: Sequence[Version]) -> None:
        """Remove versions for good, whether or not they are still there.

        It takes the rights to delete objects as well as versions:
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
        """
        for first in range(0, len(some), MOST):
            named: Any = [
                {"Key": one.key, "VersionId": one.id} for one in some[first : first + MOST]
            ]
            answer = self.client.delete_objects(Bucket=self.bucket, Delete={"Objects": named})
            if failed := answer.get("Errors"):
                raise ClientError({"Error": failed[0]}, "DeleteObjects")

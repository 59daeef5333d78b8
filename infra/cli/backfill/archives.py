"""Files within zip archives, local or in S3, of which nothing is unpacked but what is read."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    Buffer = bytearray | memoryview

_ENCRYPTED = 1
BROKEN = (zipfile.BadZipFile, NotImplementedError, EOFError, zlib.error, ValueError)
"""What reading an archive raises that is none, or packed in a way Python knows nothing of."""


class BadArchive(Exception):
    """An archive that is not read; the message is one sentence for people."""


class Member(NamedTuple):
    """A file in an archive: its name, its bytes as packed, and its checksum."""

    name: str
    size: int
    checksum: int
    is_encrypted: bool


def members(name: str, file: IO[bytes]) -> list[Member]:
    """Give the files in an archive, in its order.

    Raises `BadArchive` where it is none, or where files in it overlap: a few KB could then hold
    terabytes (David Fifield, "A better zip bomb", USENIX WOOT 2019).
    """
    try:
        with zipfile.ZipFile(file) as archive:
            found = archive.infolist()
    except (*BROKEN, OSError) as error:
        raise BadArchive(f"{name} is no whole zip archive: {error}.".replace("..", ".")) from None
    ends = 0
    for one in sorted(found, key=lambda one: one.header_offset):
        if one.header_offset < ends:
            raise BadArchive(f"{name} is a zip archive whose files overlap: it is not read.")
        ends = one.header_offset + one.compress_size
    return [
        Member(one.filename, one.compress_size, one.CRC, bool(one.flag_bits & _ENCRYPTED))
        for one in found
        if not one.is_dir()
    ]


@contextmanager
def opened(file: IO[bytes], member: str, piece: int) -> Iterator[Iterator[bytes]]:
    """Give the bytes of a file in an archive; raises one of `BROKEN`, or `KeyError`."""
    with zipfile.ZipFile(file) as archive, archive.open(member) as unpacked:
        yield iter(lambda: unpacked.read(piece), b"")


class Ranged(io.RawIOBase):
    """An object in S3 as a file that one can go about in; each read is a request of its own."""

    def __init__(self, s3: S3Client, bucket: str, key: str, size: int, etag: str) -> None:
        """Take an object of a size in bytes, and the version of it."""
        self._s3, self._bucket, self._key, self._etag = s3, bucket, key, etag
        self._at, self._size = 0, size

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """One can go about in it."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go somewhere."""
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def tell(self) -> int:
        """Tell where that is."""
        return self._at

    def readinto(self, buffer: Buffer) -> int:  # type: ignore[override]  # a narrower type
        """Read what fits, from where it is."""
        end = min(self._at + len(buffer), self._size)
        if end <= self._at:
            return 0
        told = f"bytes={self._at}-{end - 1}"
        answer = self._s3.get_object(
            Bucket=self._bucket, Key=self._key, Range=told, IfMatch=self._etag
        )
        data = answer["Body"].read()
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

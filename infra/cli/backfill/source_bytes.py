"""The bytes of a source, decompressed, whether it is a local file or an object in S3."""

from __future__ import annotations

import codecs
import io
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from botocore.exceptions import BotoCoreError, ClientError

from infra.cli.backfill import archives, source_files
from infra.cli.backfill.source_files import Source, SourceError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    Buffer = bytearray | memoryview

PIECE = 2**20
_BREAKS = 5
"""How often in a row a connection may break without giving a byte; then it is an outage."""

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_FOREIGN = {
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
    b"\x04\x22\x4d\x18": "lz4",
}
_LONGEST_MAGIC = 6
_UTF_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
MOST_TIMES, FREE = 200, 64 * 2**20
"""A file that unpacks to more times its size than any export does, and to more bytes than these, is
a bomb. Likes as JSON lines are 10 to 40 times smaller as gzip or zstd."""


class Cut(Exception):
    """The bytes of a source end before the source does; says why, without a full stop."""


class Unreadable(SourceError):
    """A source of which only so much can be read: `line` is the last whole line of it."""

    def __init__(self, name: str, line: int, why: str) -> None:
        """Take the last line that was read, from 1; 0 where there was none."""
        past = f" past line {line:,}" if line else ""
        super().__init__(f"{name} cannot be read{past}: {why}.")
        self.line = line


def read(
    source: Source, s3: Callable[[], S3Client], piece: int = PIECE, copy: Path | None = None
) -> Iterator[bytes]:
    """Give the bytes in pieces of at most `piece`; how they are compressed, they tell themselves.

    `copy` is a local copy to read instead. Raises `Cut`, after all the bytes that can be had.
    """
    head, pieces = _begun(raw(source, s3, piece, copy))
    for magic, name in _FOREIGN.items():
        if head.startswith(magic):
            raise Cut(f"it is compressed with {name}, where gzip, zstd and zip can be read")
    if head.startswith(_GZIP):
        pieces = _bounded(_gunzip(pieces, piece), source.size)
    elif head.startswith(_ZSTD) or (head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5):
        # The second is a frame to skip, which pzstd begins with (RFC 8878, section 3.1.2).
        unpacked = _unzstd(pieces, lambda: raw(source, s3, piece, copy), piece)
        pieces = _bounded(unpacked, source.size)
    else:
        return _in_utf_8(head, pieces)
    return _in_utf_8(*_begun(pieces))


def _begun(pieces: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Give how bytes begin, and all of them."""
    head = b""
    try:
        for part in pieces:
            head += part
            if len(head) >= _LONGEST_MAGIC:
                break
    except Cut as cut:
        return head, _until(head, cut)
    return head, _joined(head, pieces)


def _until(head: bytes, cut: Cut) -> Iterator[bytes]:
    if head:
        yield head
    raise cut


def _bounded(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Give what is unpacked, up to where it is no export any more. Raises `Cut`."""
    done = 0
    for part in pieces:
        done += len(part)
        if done > max(FREE, MOST_TIMES * size):
            raise Cut(f"it unpacks to more than {MOST_TIMES} times its size, as no export does")
        yield part


def _in_utf_8(head: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Give a text as UTF-8 that says it is UTF-16 (Excel's "Unicode text", PowerShell's `>`)."""
    encoding = _UTF_16.get(head[:2])
    if encoding is None:
        yield from pieces
        return
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    try:
        for part in pieces:
            # Lone surrogates become bytes that are no UTF-8, as which their line is rejected.
            yield decoder.decode(part).encode("utf-8", "surrogatepass")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise Cut("its UTF-16 is cut off") from None


def raw(
    source: Source, s3: Callable[[], S3Client], piece: int = PIECE, copy: Path | None = None
) -> Iterator[bytes]:
    """Give the bytes as they are stored, or as they are in a zip archive. Raises `Cut`."""
    place = source_files.place(source.name)
    if source_files.inside(source.name)[1] is not None and copy is None:
        return _bounded(_member(source, s3, piece), source.size)
    if place is None or copy is not None:
        known = source.version if source_files.lies_here(source.name) else None
        return _local(copy or Path(source.name), known, piece)
    return _object(source, *place, s3(), piece)


def _member(source: Source, s3: Callable[[], S3Client], piece: int) -> Iterator[bytes]:
    """Unpack a file from a zip archive."""
    outer, member = source_files.inside(source.name)
    place = source_files.place(outer)
    version = source.version.rpartition("-")[0]
    try:
        if place is None:
            with open(outer, "rb") as file:
                unchanged(os.fstat(file.fileno()), version)
                with archives.opened(file, member or "", piece) as pieces:
                    yield from pieces
                unchanged(os.fstat(file.fileno()), version)
            return
        client = s3()
        size = client.head_object(Bucket=place[0], Key=place[1], IfMatch=version)["ContentLength"]
        ranged = archives.Ranged(client, *place, size, version)
        with archives.opened(io.BufferedReader(ranged, PIECE), member or "", piece) as pieces:
            yield from pieces
    except FileNotFoundError:
        raise Cut("it is gone") from None
    except KeyError:
        raise Cut("it is gone from its archive") from None
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in ("PreconditionFailed", "412"):
            raise Cut("it changed since it was found") from None
        raise Cut(source_files.reason(error)) from None
    except archives.BROKEN as error:
        raise Cut(f"its zip data is corrupt ({source_files.reason(error)})") from None
    except (BotoCoreError, OSError) as error:
        raise Cut(source_files.reason(error)) from None


def _joined(head: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from pieces


def _local(path: Path, version: str | None, piece: int) -> Iterator[bytes]:
    try:
        with open(path, "rb", buffering=0) as file:
            unchanged(os.fstat(file.fileno()), version)
            while part := file.read(piece):
                yield part
            unchanged(os.fstat(file.fileno()), version)
    except FileNotFoundError:
        raise Cut("it is gone") from None
    except OSError as error:
        raise Cut(source_files.reason(error)) from None


def unchanged(status: os.stat_result, version: str | None) -> None:
    """Raise `Cut` where a local file is not what it was when it was found."""
    if version is not None and source_files.version(status) != version:
        raise Cut("it changed since it was found")


def _object(source: Source, bucket: str, key: str, s3: S3Client, piece: int) -> Iterator[bytes]:
    """Read an object from where the last connection broke, for as long as it is the same one."""
    at, breaks = 0, 0
    while at < source.size:
        asked = {"Bucket": bucket, "Key": key, "IfMatch": source.version}
        if at:
            asked["Range"] = f"bytes={at}-"
        before, why = at, "the connection ended early"
        try:
            with closing(s3.get_object(**asked)["Body"]) as body:  # type: ignore[arg-type]
                while part := body.read(piece):
                    at += len(part)
                    yield part
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in ("PreconditionFailed", "412"):
                raise Cut("it changed since it was found") from None
            raise Cut("it is gone" if code == "NoSuchKey" else source_files.reason(error)) from None
        except (BotoCoreError, OSError) as error:
            why = source_files.reason(error)
        breaks = breaks + 1 if at == before else 0
        if breaks == _BREAKS:
            raise Cut(why)


def _gunzip(pieces: Iterator[bytes], most: int) -> Iterator[bytes]:
    """Decompress one gzip member or more; zeros may stand between and after them (RFC 1952)."""
    member = None
    for part in pieces:
        full = False
        while part or full:
            if member is None:
                part = part.lstrip(b"\0")
                if not part:
                    break
                member = zlib.decompressobj(wbits=31)
            before = member.copy()
            try:
                out = member.decompress(part, most)
            except zlib.error:
                yield from _to_the_fault(before, part)
                raise Cut("its gzip data is corrupt") from None
            full = len(out) == most
            if out:
                yield out
            part = member.unconsumed_tail
            if member.eof:
                part, full, member = member.unused_data, False, None
    if member is not None:
        raise Cut("its gzip data is cut off")


def _to_the_fault(member: zlib._Decompress, part: bytes) -> Iterator[bytes]:
    """Give what a call that failed had decompressed: it is lost with the call."""
    try:
        for at in range(len(part)):
            yield member.decompress(part[at : at + 1])
    except zlib.error:
        return


def _unzstd(
    pieces: Iterator[bytes], again: Callable[[], Iterator[bytes]], most: int
) -> Iterator[bytes]:
    """Decompress one zstd frame or more."""
    at = 0
    try:
        stream = _zstd(pieces)
        while part := stream.read(most):
            at += len(part)
            yield part
        return
    except OSError as error:
        why = "cut off" if "runcated" in str(error) else "corrupt"
    # What the failed call had decompressed is lost with it: again, and slowly towards the end.
    stream = _zstd(again())
    while at and (part := stream.read(min(at, most))):
        at -= len(part)
    try:
        while part := stream.read(1):
            yield part
    except OSError:
        raise Cut(f"its zstd data is {why}") from None
    raise Cut("it changed since it was found")


def _zstd(pieces: Iterator[bytes]) -> pa.CompressedInputStream:
    file = io.BufferedReader(_File(pieces), PIECE)
    return pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd")


class _File(io.RawIOBase):
    """Pieces of bytes as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces = pieces
        self.rest = b""

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: Buffer) -> int:  # type: ignore[override]  # a narrower type
        """Read what the next piece holds."""
        self.rest = self.rest or next(self.pieces, b"")
        size = min(len(buffer), len(self.rest))
        buffer[:size] = self.rest[:size]
        self.rest = self.rest[size:]
        return size

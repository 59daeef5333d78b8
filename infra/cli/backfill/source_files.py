"""Which files a backfill reads, and what tells each from another version of itself."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from infra.cli.backfill import archives

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

Kind = Literal["json", "csv", "parquet", "zip"]

_S3 = "s3://"
_COMPRESSED = (".gz", ".zst", ".zstd")
_KINDS: dict[str, Kind] = {
    **dict.fromkeys((".json", ".jsonl", ".ndjson", ".log", ".txt"), "json"),
    **dict.fromkeys((".csv", ".tsv"), "csv"),
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    ".zip": "zip",
}
_PARQUET = b"PAR1"
_INSIDE = ".zip!"
_HIDDEN = (".", "_")
"""What names in a folder start with that hold no likes: `.git`, and Spark's `_SUCCESS`."""


class SourceError(Exception):
    """A source that cannot be read; the message is one sentence for people."""


class Source(msgspec.Struct, frozen=True):
    """A file to read. `name` is its path as given or found, or `s3://bucket/key`, and what is in
    a zip archive has its name after that of the archive: `ml.zip!ratings.csv`.

    `size` is in bytes, as stored; `modified` in epoch milliseconds. `version` differs where the
    content does: an object's ETag, or a local file's size and time in nanoseconds.
    """

    name: str
    kind: Kind
    size: int
    modified: int
    version: str


class PassedOver(NamedTuple):
    """A file or folder that is not read, and why."""

    name: str
    why: str


class Found(NamedTuple):
    """What is read, in order, and what is not."""

    sources: list[Source]
    passed_over: list[PassedOver]


class _Item(NamedTuple):
    """A file or folder, and what is the same however it is spelled."""

    identity: str
    found: Source | PassedOver


def find(given: Sequence[str], s3: Callable[[], S3Client]) -> Found:
    """Find what to read: files as given, folders and `s3://` prefixes in the order of names.

    Each is read once, however often it is named. In folders, what is hidden, empty or of an
    unknown kind is passed over; a file named itself is read whatever it is called.

    Raises `SourceError` where there is nothing, nothing to read, or no permission.
    """
    sources: dict[str, Source] = {}
    others: dict[str, PassedOver] = {}
    for name in given:
        items = list(_in_bucket(name, s3()) if name.startswith(_S3) else _local(name))
        if not any(isinstance(item.found, Source) for item in items):
            raise SourceError(_nothing(name, [item.found for item in items]))
        for identity, found in items:
            if isinstance(found, Source):
                sources.setdefault(identity, found)
            else:
                others.setdefault(identity, found)
    passed_over = [other for identity, other in others.items() if identity not in sources]
    return Found(list(sources.values()), passed_over)


def version(status: os.stat_result) -> str:
    """Give what tells a local file's content from what it held before."""
    return f"{status.st_size}-{status.st_mtime_ns}"


def place(name: str) -> tuple[str, str] | None:
    """Give bucket and key of an object's name; None for a local file."""
    if not name.startswith(_S3):
        return None
    bucket, _, key = inside(name)[0].removeprefix(_S3).partition("/")
    return bucket, key


def inside(name: str) -> tuple[str, str | None]:
    """Give the file that a source lies in, and its own name there if that is a zip archive."""
    at = name.lower().find(_INSIDE)
    if at < 0:
        return name, None
    end = at + len(_INSIDE)
    return name[: end - 1], name[end:]


def lies_here(name: str) -> bool:
    """Tell whether a source is a file of this machine: neither in S3 nor within another."""
    return not name.startswith(_S3) and inside(name)[1] is None


def reason(error: Exception) -> str:
    """Say what went wrong with a file or service in a few words, without a full stop."""
    if isinstance(error, ClientError):
        told = error.response.get("Error", {})
        text = told.get("Message") or told.get("Code") or str(error)
    elif isinstance(error, OSError) and error.strerror:
        text = error.strerror.lower()
    else:
        text = str(error) or type(error).__name__
    return text.strip().splitlines()[0].rstrip(".")


def _nothing(name: str, items: Sequence[Source | PassedOver]) -> str:
    if not items:
        return f"There is nothing to read in {name}."
    example = items[0]
    assert isinstance(example, PassedOver)
    return f"There is nothing to read in {name}; {example.name}, for one, {example.why}."


def _kind(name: str) -> Kind | None:
    stem = name.lower()
    for suffix in _COMPRESSED:
        if stem.endswith(suffix):
            stem = stem.removesuffix(suffix)
            break
    return _KINDS.get(os.path.splitext(stem)[1])


def _unpacked(outer: Source, file: IO[bytes], only: str | None = None) -> Iterator[_Item]:
    """Give the files in a zip archive, or the one that is named, whatever it is called."""
    try:
        members = archives.members(outer.name, file)
    except archives.BadArchive as error:
        raise SourceError(str(error)) from None
    for member in members:
        name = f"{outer.name}!{member.name}"
        hidden = any(part.startswith((*_HIDDEN, "__MACOSX")) for part in member.name.split("/"))
        version = f"{outer.version}-{member.checksum:08x}"
        if only is not None and member.name != only:
            continue
        found = _judged(name, member.size, outer.modified, version)
        if only is not None and member.size:
            found = Source(name, _kind(name) or "json", member.size, outer.modified, version)
        if hidden and only is None:
            found = PassedOver(name, "is hidden: its name starts with . or _")
        elif member.is_encrypted:
            found = PassedOver(name, "is encrypted")
        yield _Item(name, found)


def _judged(name: str, size: int, modified: int, version: str) -> Source | PassedOver:
    """Judge a file in a folder by what is known without opening it."""
    kind = _kind(name)
    if kind is None:
        return PassedOver(name, "is not called .json, .csv or .parquet or anything like it")
    if size == 0:
        return PassedOver(name, "is empty")
    return Source(name, kind, size, modified, version)


def _local(name: str) -> Iterator[_Item]:
    name, member = (name, None) if os.path.exists(name) else inside(name)
    try:
        status = os.stat(name)
        if stat.S_ISDIR(status.st_mode):
            yield from _in_folder(name, (os.path.realpath(name),))
        elif stat.S_ISREG(status.st_mode):
            yield from _whole(os.path.realpath(name), _named(name, status), member)
        else:
            raise SourceError(f"{name} is neither a file nor a folder.")
    except FileNotFoundError as error:
        raise SourceError(f"There is no file or folder {error.filename}.") from None
    except PermissionError as error:
        raise SourceError(f"There is no permission to read {error.filename}.") from None
    except OSError as error:
        raise SourceError(f"{error.filename} cannot be read: {reason(error)}.") from None
    except ValueError:  # a zero byte, or what is no character
        raise SourceError(f"{name!r} is no path.") from None


def _whole(identity: str, found: Source | PassedOver, only: str | None = None) -> Iterator[_Item]:
    """Give a local file, or the files in it."""
    if isinstance(found, Source) and found.kind == "zip":
        with open(found.name, "rb") as file:
            yield from _unpacked(found, file, only)
    else:
        yield _Item(identity, found)


def _named(name: str, status: os.stat_result) -> Source:
    name.encode()
    with open(name, "rb") as file:  # also proves the permission
        head = file.read(len(_PARQUET))
    kind = _kind(name) or _kind_of(head)
    return Source(name, kind, status.st_size, _ms(status), version(status))


def _kind_of(head: bytes) -> Kind:
    return "parquet" if head == _PARQUET else "json"


def _ms(status: os.stat_result) -> int:
    return status.st_mtime_ns // 1_000_000


def _in_folder(folder: str, above: tuple[str, ...]) -> Iterator[_Item]:
    with os.scandir(folder) as listed:
        entries = list(listed)
    # A folder sorts as the names in it do, which start with it: the order S3 lists keys in.
    for entry in sorted(entries, key=lambda e: e.name + "/" * e.is_dir()):
        real = os.path.realpath(entry.path)
        if entry.is_dir() and not entry.name.startswith(_HIDDEN) and real not in above:
            yield from _in_folder(entry.path, (*above, real))
        else:
            yield from _whole(real, _entry(entry, real in above))


def _entry(entry: os.DirEntry[str], loops: bool) -> Source | PassedOver:
    if entry.name.startswith(_HIDDEN):
        return PassedOver(entry.path, "is hidden: its name starts with . or _")
    if loops:
        return PassedOver(entry.path, "links to a folder that it is in")
    if not entry.is_file():
        return PassedOver(entry.path, "is no file")
    try:
        entry.path.encode()
    except UnicodeEncodeError:
        return PassedOver(os.fsencode(entry.path).decode(errors="replace"), "has a garbled name")
    status = entry.stat()
    judged = _judged(entry.path, status.st_size, _ms(status), version(status))
    if isinstance(judged, Source) and not os.access(entry.path, os.R_OK, effective_ids=True):
        raise PermissionError(0, "", entry.path)
    return judged


def _in_bucket(name: str, s3: S3Client) -> Iterator[_Item]:
    name, member = inside(name)
    bucket, key = place(name) or ("", "")
    if not bucket:
        raise SourceError(f"{name} names no bucket; an object is s3://bucket/key.")
    try:
        source = None if not key or key.endswith("/") else _object(name, bucket, key, s3)
        if source is not None:
            yield from _whole_object(name, source, s3, member)
        else:
            prefix = f"{key.rstrip('/')}/" if key else ""
            yield from _under(bucket, prefix, s3)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code == "NoSuchBucket":
            raise SourceError(f"There is no bucket {bucket}.") from None
        if code in ("403", "AccessDenied", "Forbidden"):
            raise SourceError(f"There is no permission to read {name}.") from None
        raise SourceError(f"{name} cannot be read: {reason(error)}.") from None
    except BotoCoreError as error:
        raise SourceError(f"{name} cannot be read: {reason(error)}.") from None


def _whole_object(
    identity: str, found: Source | PassedOver, s3: S3Client, only: str | None = None
) -> Iterator[_Item]:
    """Give an object, or the files in it."""
    if isinstance(found, Source) and found.kind == "zip":
        bucket, key = place(found.name) or ("", "")
        ranged = archives.Ranged(s3, bucket, key, found.size, found.version)
        yield from _unpacked(found, io.BufferedReader(ranged, 2**20), only)
    else:
        yield _Item(identity, found)


def _object(name: str, bucket: str, key: str, s3: S3Client) -> Source | None:
    try:
        head = s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("404", "NoSuchKey", "NotFound"):
            return None
        raise
    kind, etag, size = _kind(name), head["ETag"], head["ContentLength"]
    if kind is None and size:  # S3 refuses a range of nothing
        start = f"bytes=0-{len(_PARQUET) - 1}"
        body = s3.get_object(Bucket=bucket, Key=key, Range=start, IfMatch=etag)["Body"]
        kind = _kind_of(body.read())
    modified = int(head["LastModified"].timestamp() * 1000)
    return Source(name, kind or "json", size, modified, etag)


def _under(bucket: str, prefix: str, s3: S3Client) -> Iterator[_Item]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    listed: Iterable[Any] = (item for page in pages for item in page.get("Contents", []))
    nothing = True
    for item in listed:
        nothing = False
        key: str = item["Key"]
        if key.endswith("/"):  # what the console makes for a folder
            continue
        name = hidden = f"{_S3}{bucket}/{prefix}"
        for part in key.removeprefix(prefix).split("/"):
            hidden += part
            if part.startswith(_HIDDEN):
                why = "is hidden: its name starts with . or _"
                yield _Item(hidden, PassedOver(hidden, why))
                break
            hidden += "/"
        else:
            name = f"{_S3}{bucket}/{key}"
            modified = int(item["LastModified"].timestamp() * 1000)
            judged = _judged(name, item["Size"], modified, item["ETag"])
            yield from _whole_object(name, judged, s3)
    if nothing:
        raise SourceError(f"There is no object or prefix {_S3}{bucket}/{prefix.rstrip('/')}.")

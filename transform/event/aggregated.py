"""Records of the Kinesis Producer Library, which puts many of its users' records in one.

Firehose takes them apart before it calls its function, Lambda's event sources do not:
https://docs.aws.amazon.com/streams/latest/dev/kpl-with-firehose.html. The format is that of
https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md: four bytes, a
Protocol Buffers message, and its MD5.
"""

from collections.abc import Iterator
from hashlib import md5

MAGIC = b"\xf3\x89\x9a\xc2"
_DIGEST = 16
_RECORDS, _DATA = 3, 3  # AggregatedRecord.records and Record.data
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_LONGEST = 10  # bytes of a varint


def split(data: bytes) -> list[bytes] | None:
    """Give what a record's users put in it; None for one that is not aggregated.

    One whose digest or format is another is taken for a record of one user, as Amazon's own
    libraries do.
    """
    if not data.startswith(MAGIC):
        return None
    message, digest = data[len(MAGIC) : -_DIGEST], data[-_DIGEST:]
    if md5(message, usedforsecurity=False).digest() != digest:
        return None
    try:
        records = [value for field, value in _fields(message) if field == _RECORDS]
        found = [[v for field, v in _fields(record) if field == _DATA] for record in records]
    except _Malformed:
        return None
    return [values[-1] if values else b"" for values in found] or None


class _Malformed(ValueError):
    """Bytes that are no Protocol Buffers message."""


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Give the fields of a message that hold bytes, by number."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        field, kind = key >> 3, key & 7
        if kind == _VARINT:
            _, at = _varint(message, at)
            continue
        if kind == _BYTES:
            length, at = _varint(message, at)
        elif kind in (_EIGHT, _FOUR):
            length = 8 if kind == _EIGHT else 4
        else:
            raise _Malformed
        if at + length > len(message):
            raise _Malformed
        if kind == _BYTES:
            yield field, message[at : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Give a number, and where it ends."""
    value = 0
    for place, byte in enumerate(message[at : at + _LONGEST]):
        value |= (byte & 127) << 7 * place
        if byte < 128:
            return value, at + place + 1
    raise _Malformed

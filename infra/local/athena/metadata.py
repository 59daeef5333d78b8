"""The columns of a result as the file beside it holds them, which Athena writes in protobuf.

AWS does not document the file; the fields are those that burtcorp/athena-jdbc reads
(AthenaMetaDataParser.java). Their encoding: https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra.local.athena.kinds import Column

_COLUMN = 4
_CATALOG, _NAME, _LABEL, _TYPE, _PRECISION, _SCALE, _NULLABLE, _CASE = 1, 4, 5, 6, 7, 8, 9, 10
_UNKNOWN = 3
_VARINT, _BYTES = 0, 2


class BadMetadata(ValueError):
    """The bytes are no such file."""


def written(columns: Sequence[Column]) -> bytes:
    """The file."""
    return b"".join(_bytes(_COLUMN, _column(column)) for column in columns)


def read(data: bytes) -> list[Column]:
    """The columns; `BadMetadata` where the file is none of these."""
    columns = []
    for field, value in _fields(data):
        if field == _COLUMN:
            if not isinstance(value, bytes):
                raise BadMetadata("A column is not a message.")
            found = dict(_fields(value))
            name, type = (found.get(field, b"") for field in (_NAME, _TYPE))
            sizes = [found.get(field, 0) for field in (_PRECISION, _SCALE)]
            if not (isinstance(name, bytes) and isinstance(type, bytes)):
                raise BadMetadata("A column has no name or no type.")
            precision, scale = (size if isinstance(size, int) else 0 for size in sizes)
            try:
                columns.append(Column(name.decode(), type.decode(), precision, scale))
            except UnicodeDecodeError:
                raise BadMetadata("A name is not UTF-8.") from None
    return columns


def _column(column: Column) -> bytes:
    case = column.type in ("varchar", "char")
    return b"".join(
        (
            _bytes(_CATALOG, b"hive"),
            _bytes(_NAME, column.name.encode()),
            _bytes(_LABEL, column.name.encode()),
            _bytes(_TYPE, column.type.encode()),
            _number(_PRECISION, column.precision),
            _number(_SCALE, column.scale),
            _number(_NULLABLE, _UNKNOWN),
            _number(_CASE, int(case)),
        )
    )


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | _BYTES) + _varint(len(value)) + value


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3 | _VARINT) + _varint(value)


def _varint(value: int) -> bytes:
    digits = []
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*digits, value))


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        if tag & 7 == _VARINT:
            value, at = _read_varint(data, at)
            yield tag >> 3, value
        elif tag & 7 == _BYTES:
            size, at = _read_varint(data, at)
            if at + size > len(data):
                raise BadMetadata("A field is longer than the file.")
            yield tag >> 3, data[at : at + size]
            at += size
        else:
            raise BadMetadata(f"A field is of the kind {tag & 7}.")


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 64:
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return value, at
        shift += 7
    raise BadMetadata("A number does not end.")

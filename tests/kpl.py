"""Records as the Kinesis Producer Library aggregates them, made apart from the code that reads."""

from collections.abc import Sequence
from hashlib import md5


def _varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def _field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def aggregate(
    records: Sequence[bytes] = (),
    hash_keys: bool = False,
    tags: bool = False,
    message: bytes | None = None,
) -> bytes:
    """Give the record that holds these, or a message of one's own."""
    if message is None:
        message = _field(1, b"partition-key")
        if hash_keys:
            message += _field(2, b"170141183460469231731687303715884105728")
        for data in records:
            record = _field(1, 0) + (_field(2, 0) if hash_keys else b"") + _field(3, data)
            if tags:
                record += _field(4, _field(1, b"name") + _field(2, b"value"))
            message += _field(3, record)
    return b"\xf3\x89\x9a\xc2" + message + md5(message).digest()

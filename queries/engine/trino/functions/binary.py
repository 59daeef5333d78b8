"""Bytes, hashes and encodings: https://trino.io/docs/current/functions/binary.html"""

import base64
import binascii
import hashlib
import hmac
import math
import re
import struct
import zlib
from collections.abc import Callable

import mmh3
import pyarrow as pa
import xxhash

from queries.engine.errors import BadSQL
from queries.engine.trino.helpers import macro, python
from queries.engine.trino.registry import Call, Family

functions = Family()
operators = Family()

_BYTES = pa.binary()

functions("to_hex(varbinary) -> varchar", "hex({0})")
functions("to_utf8(varchar) -> varbinary", "encode({0})")
functions("length(varbinary) -> bigint", "octet_length({0})")
operators("concat(varbinary, varbinary) -> varbinary", "({0} || {1})")


def _concat(call: Call) -> str:
    if len(call.args) < 2:
        raise BadSQL("There must be two or more concatenation arguments.")
    return f"({' || '.join(arg.sql for arg in call.args)})"


functions("concat(varbinary...) -> varbinary", _concat)

# Hashes: DuckDB tells its own in hexadecimal.
for _name in ("md5", "sha1", "sha256"):
    functions(f"{_name}(varbinary) -> varbinary", f"unhex({_name}({{0}}))")


def _hash(name: str, of: Callable[[bytes], bytes]) -> None:
    @python(f"t_{name}(BLOB)", "BLOB", _BYTES)
    def _digest(value: bytes) -> bytes:
        return of(value)

    functions(f"{name}(varbinary) -> varbinary", f"t_{name}({{0}})")


_hash("sha512", lambda value: hashlib.sha512(value).digest())
_hash("xxhash64", lambda value: xxhash.xxh64_digest(value))
_hash("murmur3", lambda value: mmh3.hash_bytes(value))


def _keyed(name: str) -> None:
    @python(f"t_hmac_{name}(BLOB, BLOB)", "BLOB", _BYTES)
    def _digest(value: bytes, key: bytes) -> bytes:
        if not key:
            raise ValueError("Empty key")
        return hmac.digest(key, value, name)

    functions(f"hmac_{name}(varbinary, varbinary) -> varbinary", f"t_hmac_{name}({{0}}, {{1}})")


for _name in ("md5", "sha1", "sha256", "sha512"):
    _keyed(_name)


@python("t_crc32(BLOB)", "BIGINT", pa.int64())
def _crc32(value: bytes) -> int:
    return zlib.crc32(value)


functions("crc32(varbinary) -> bigint", "t_crc32({0})")

# Encodings.
macro(
    "t_unhex(s)",
    "CASE WHEN s IS NULL OR regexp_full_match(s, '([0-9A-Fa-f]{2})*') THEN unhex(s) "
    "ELSE CAST(t_fail_text('Not a valid hexadecimal text: ' || s) AS BLOB) END",
)
functions("from_hex(varchar) -> varbinary", "t_unhex({0})")
functions("from_hex(varbinary) -> varbinary", "t_unhex(decode({0}))")
functions("to_base64(varbinary) -> varchar", "to_base64({0})")
functions("to_base64url(varbinary) -> varchar", "translate(to_base64({0}), '+/', '-_')")


# As java.util.Base64 does: what is missing at the end may be missing.
def _base64(value: str, letters: str) -> bytes:
    bare = value.rstrip("=")
    padded = len(value) != len(bare)
    if not re.fullmatch(f"[A-Za-z0-9{re.escape(letters)}]*", bare) or len(bare) % 4 == 1:
        raise ValueError(f"Illegal base64 text: {value}")
    if padded and len(value) % 4:
        raise ValueError(f"Illegal base64 text: {value}")
    if len(value) - len(bare) > 2:
        raise ValueError(f"Illegal base64 text: {value}")
    return base64.b64decode(bare + "=" * (-len(bare) % 4), letters.encode())


@python("t_from_base64(VARCHAR)", "BLOB", _BYTES)
def _from_base64(value: str) -> bytes:
    return _base64(value, "+/")


@python("t_from_base64url(VARCHAR)", "BLOB", _BYTES)
def _from_base64url(value: str) -> bytes:
    return _base64(value, "-_")


@python("t_to_base32(BLOB)", "VARCHAR", pa.string())
def _to_base32(value: bytes) -> str:
    return base64.b32encode(value).decode()


@python("t_from_base32(VARCHAR)", "BLOB", _BYTES)
def _from_base32(value: str) -> bytes:
    bare = value.rstrip("=")
    if len(bare) % 8 in (1, 3, 6):
        raise ValueError(f"Invalid input length {len(bare)}")
    try:
        return base64.b32decode(bare + "=" * (-len(bare) % 8))
    except binascii.Error:
        raise ValueError(f"Illegal base32 text: {value}") from None


functions("to_base32(varbinary) -> varchar", "t_to_base32({0})")
for _name in ("base64", "base64url", "base32"):
    functions(f"from_{_name}(varchar) -> varbinary", f"t_from_{_name}({{0}})")
    functions(f"from_{_name}(varbinary) -> varbinary", f"t_from_{_name}(decode({{0}}))")


# Numbers as bytes, the largest first.
def _packed(name: str, form: str, kind: str, duckdb: str, arrow: pa.DataType, size: str) -> None:
    @python(f"t_to_{name}({duckdb})", "BLOB", _BYTES)
    def _pack(value: float) -> bytes:
        if isinstance(value, float) and math.isnan(value):
            value = math.nan
        return struct.pack(form, value)

    @python(f"t_from_{name}(BLOB)", duckdb, arrow)
    def _unpack(value: bytes) -> float:
        if len(value) != struct.calcsize(form):
            raise ValueError(size)
        found: float = struct.unpack(form, value)[0]
        return found

    functions(f"to_{name}({kind}) -> varbinary", f"t_to_{name}({{0}})")
    functions(f"from_{name}(varbinary) -> {kind}", f"t_from_{name}({{0}})")


_EXPECTED = "expected {} bytes of input"
_packed("big_endian_32", ">i", "integer", "INTEGER", pa.int32(), _EXPECTED.format(4))
_packed("big_endian_64", ">q", "bigint", "BIGINT", pa.int64(), _EXPECTED.format(8))
_EXACTLY = "Input floating-point value must be exactly {} bytes long"
_packed("ieee754_32", ">f", "real", "FLOAT", pa.float32(), _EXACTLY.format(4))
_packed("ieee754_64", ">d", "double", "DOUBLE", pa.float64(), _EXACTLY.format(8))


# Parts.
@python("t_bytes_part(BLOB, BIGINT, BIGINT)", "BLOB", _BYTES)
def _part(value: bytes, start: int, length: int) -> bytes:
    if start == 0 or abs(start) > len(value) or length <= 0:
        return b""
    first = start - 1 if start > 0 else len(value) + start
    return value[first : first + length]


for _name in ("substr", "substring"):
    functions(f"{_name}(varbinary, bigint) -> varbinary", "t_bytes_part({0}, {1}, 2147483647)")
    functions(f"{_name}(varbinary, bigint, bigint) -> varbinary", "t_bytes_part({0}, {1}, {2})")


@python("t_bytes_padding(BLOB, BIGINT, BLOB)", "BLOB", _BYTES)
def _padding(value: bytes, size: int, padding: bytes) -> bytes:
    """What is missing of a size, and has to be put before or behind."""
    if not 0 <= size <= 2147483647:
        raise ValueError("Target length must be in the range [0..2147483647]")
    if not padding:
        raise ValueError("Padding bytes must not be empty")
    missing = max(0, size - len(value))
    return (padding * (missing // len(padding) + 1))[:missing]


functions(
    "lpad(varbinary, bigint, varbinary) -> varbinary",
    "(t_bytes_padding({0}, {1}, {2}) || t_bytes_part({0}, 1, {1}))",
)
functions(
    "rpad(varbinary, bigint, varbinary) -> varbinary",
    "(t_bytes_part({0}, 1, {1}) || t_bytes_padding({0}, {1}, {2}))",
)


@python("t_bytes_reversed(BLOB)", "BLOB", _BYTES)
def _reversed(value: bytes) -> bytes:
    return value[::-1]


functions("reverse(varbinary) -> varbinary", "t_bytes_reversed({0})")

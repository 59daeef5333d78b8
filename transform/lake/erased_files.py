"""Files without the ids of people: Parquet, lines of JSON, and any other text, plain or gzip."""

import base64
import binascii
import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from transform.lake.erasure import WORD, Texts

pc: Any = pyarrow.compute  # its types do not know of Python values where arrays may stand

USER = "user_id"
KNOWN_AS = "known_as"
"""In a rejected line of a file, of which an id was taken out: a hash of its bytes before."""
KEPT = ("event_id", "movie_id", "action", "source")
"""Columns that are left as they are: what a like is known by, and what it is of."""
_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"
_BATCH = 65_536
_UNREADABLE = (pa.ArrowException, OSError, EOFError, zlib.error)
_NO_PAYLOAD = re.compile(rb'"payload":\s*null')
_decode = msgspec.json.Decoder().decode


@dataclass(slots=True)
class Found:
    """What a file tells of people: the rows or lines that it can be taken out of; and those with an
    id where it has to stay, by column."""

    rows: int = 0
    stays: Counter[str] = field(default_factory=Counter)


def search(path: Path, texts: Texts) -> Found:
    """Tell what a file holds, by what it is, whatever it is called."""
    with path.open("rb") as file:
        is_parquet = file.read(4) == _PARQUET
    if is_parquet:
        try:
            return _searched(path, texts)
        except _UNREADABLE:
            return Found(stays=Counter(unreadable=int(texts.may_be_in(path.read_bytes()))))
    return _text(path.read_bytes(), texts)[1]


def clean(path: Path, out: Path, texts: Texts) -> None:
    """Write a file without the ids that `search` finds in it: all else of it is as it was."""
    with path.open("rb") as file:
        is_parquet = file.read(4) == _PARQUET
    if is_parquet:
        _cleaned(path, out, texts)
    else:
        out.write_bytes(_text(path.read_bytes(), texts)[0])


def _searched(path: Path, texts: Texts) -> Found:
    found = Found()
    users = pa.array(texts.users, pa.string())
    with pq.ParquetFile(path) as file:
        names = [one.name for one in file.schema_arrow if not _is_plain(one.type)]
        for batch in file.iter_batches(_BATCH, columns=names):
            theirs: Any = pa.repeat(False, len(batch))
            for name, values in zip(names, batch.columns, strict=True):
                is_text = _is_text(values.type)
                values = _plain(values) if is_text else _shown(values)
                if name == USER and is_text:
                    theirs = pc.or_(theirs, pc.is_in(values, users))
                    continue
                held = _holding(values, texts)
                if name not in KEPT and is_text:
                    theirs = pc.or_(theirs, held)
                elif count := pc.sum(held).as_py():
                    found.stays[name] += count
            found.rows += pc.sum(theirs).as_py() or 0
    return found


def _cleaned(path: Path, out: Path, texts: Texts) -> None:
    """Write a Parquet file as it is, row group by row group, without the ids.

    Firehose's times are INT96, whose nanoseconds do not reach all the years that a like may name.
    """
    users = pa.array(texts.users, pa.string())
    with (
        pq.ParquetFile(path, coerce_int96_timestamp_unit="ms") as file,
        pq.ParquetWriter(out, schema := _nullable(file.schema_arrow), **_as_it_was(file)) as writer,
    ):
        for number in range(file.num_row_groups):
            rows = file.read_row_group(number).cast(schema)
            for place, one in enumerate(rows.schema):
                if not _is_text(one.type) or one.name in KEPT:
                    continue
                values = rows[one.name].combine_chunks()
                if one.name == USER:
                    ours = pc.is_in(_plain(values), users)
                    values = pc.if_else(ours, pa.scalar(None, values.type), values)
                else:
                    values = _without(_plain(values), texts).cast(one.type)
                rows = rows.set_column(place, one, values)
            writer.write_table(rows, max(1, len(rows)))


def _nullable(schema: pa.Schema) -> pa.Schema:
    """Give a schema in which a user may be null: a file may say that it knows one of each row."""
    place = schema.get_field_index(USER)
    return schema if place < 0 else schema.set(place, schema.field(place).with_nullable(True))


def _as_it_was(file: pq.ParquetFile) -> dict[str, Any]:
    """Give how a file was written."""
    told = file.metadata
    group = told.row_group(0) if told.num_row_groups else None
    columns = [group.column(n) for n in range(group.num_columns)] if group else []
    stored = b"ARROW:schema" in (told.metadata or {})
    return {
        "compression": {one.path_in_schema: one.compression.lower() for one in columns} or "snappy",
        "use_deprecated_int96_timestamps": any(one.physical_type == "INT96" for one in columns),
        "store_schema": stored,
        "version": "1.0" if told.format_version == "1.0" else "2.6",
    }


def _holding(values: Any, texts: Texts) -> Any:
    """Tell which texts hold an id."""
    may = pc.fill_null(texts.may_hold(values), False)
    if not pc.any(may).as_py():
        return may
    held = [_changes(text, texts) for text in values.filter(may).to_pylist()]
    return pc.replace_with_mask(may, may, pa.array(held, pa.bool_()))


def _without(values: Any, texts: Texts) -> Any:
    may = pc.fill_null(texts.may_hold(values), False)
    told = [texts.cleaned(text.encode()).decode() for text in values.filter(may).to_pylist()]
    return pc.replace_with_mask(values, may, pa.array(told, values.type))


def _changes(text: str, texts: Texts) -> bool:
    before = text.encode()
    return texts.cleaned(before) != before


def _is_plain(kind: pa.DataType) -> bool:
    """Tell that no text is in values: numbers and times."""
    return pa.types.is_primitive(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind)


def _shown(values: Any) -> Any:
    """Give bytes, lists and what else may have text in it as text, to be searched."""
    told = [json.dumps(one, default=str, ensure_ascii=False) for one in values.to_pylist()]
    return pa.array(told, pa.string())


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _plain(values: Any) -> Any:
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def _text(body: bytes, texts: Texts) -> tuple[bytes, Found]:
    packed = body.startswith(_GZIP)
    if packed:
        try:
            body = gzip.decompress(body)
        except _UNREADABLE:
            return body, Found(stays=Counter(unreadable=int(texts.may_be_in(body))))
    found = Found()
    if texts.may_be_in(body) or b'"rawData"' in body or b'"base64"' in body:
        lines = list(_lines(body, texts, found))
        body = b"".join(lines)
    return gzip.compress(body, mtime=0) if packed else body, found


def _lines(body: bytes, texts: Texts, found: Found) -> Iterator[bytes]:
    for line in body.splitlines(keepends=True):
        without = _known(line, cleaned_line(line, texts))
        found.rows += without != line
        yield without


def cleaned_line(line: bytes, texts: Texts) -> bytes:
    """Give a line without the ids, also where Base64 hides them: what Firehose could not deliver
    is `rawData`, and `payload` of a line that was rejected may be Base64.

    https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
    """
    if b'"rawData"' in line or b'"base64"' in line:
        end = line[len(line.rstrip(b"\r\n")) :]
        try:
            told = _decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            told = None
        if isinstance(told, dict):
            names = [name for name in ("rawData", _payload(told)) if name in told]
            changed = {name: _base64(told[name], texts) for name in names}
            if any(changed[name] != told[name] for name in names):
                line = msgspec.json.encode(told | changed) + end
    if not texts.may_be_in(line):
        return line
    without = texts.cleaned(line)
    if not _NO_PAYLOAD.search(line):  # a payload is a text in any case
        without = _NO_PAYLOAD.sub(b'"payload":"%s"' % WORD, without)
    return without


def _known(line: bytes, without: bytes) -> bytes:
    """Give a rejected line of a file with what it was known by, its bytes as they came: a replay
    makes the same like of it as before."""
    if without == line or b'"payload"' not in line or b'"file"' not in line:
        return without
    try:
        came, now = _decode(line), _decode(without)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return without
    if not isinstance(came, dict) or not came.get("file") or KNOWN_AS in came:
        return without
    payload = str(came["payload"]).encode()
    if came.get("payload_encoding") == "base64":
        payload = base64.b64decode(payload)
    end = without[len(without.rstrip(b"\r\n")) :]
    return msgspec.json.encode(now | {KNOWN_AS: sha256(payload.strip()).hexdigest()}) + end


def _payload(told: Mapping[str, Any]) -> str:
    return "payload" if told.get("payload_encoding") == "base64" else "rawData"


def _base64(text: Any, texts: Texts) -> Any:
    try:
        data = base64.b64decode(text, validate=True)
    except (TypeError, ValueError, binascii.Error):
        return text
    without = texts.cleaned(data)
    return text if without == data else base64.b64encode(without).decode()

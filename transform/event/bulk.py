"""Many lines at a time by the rules of `likes.parse`: by column where lines are alike, else singly.

Lines of one shape are judged together, a column at a time. What has no shape, and what a column
does not settle at once, goes through `parse` itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial, reduce
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute

from glue import schema, tables
from transform.event import event_ids, likes, movie_ids
from transform.event.invalid import InvalidLike
from transform.event.likes import AHEAD_MS, EARLIEST_MS, Like
from transform.event.shapes import Alike, Integers, Shapes, Text
from transform.event.stream_records import BadLine
from transform.lake.parquet import CODED
from transform.lake.sorting import by_hour

pc: Any = pyarrow.compute  # its types do not know of Python values where arrays may stand

_CODED = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    (field.name, _CODED if field.name in CODED else field.type)
    for field in schema.arrow(tables.read("likes"))
    if field.name in (*likes.FIELDS, "extra")
)
"""Of the rows that lines become: the columns of a like, without those that tell how it came. Of
which many values are the same are dictionaries."""

UNDATED = 0
"""What stands for the time in the id of a line that tells none: no like happened in 1970."""
_NO_ID = "\0"  # which no like has, for it is a control
_TIME = (
    r"^\d{4}-(?:02-(?:0[1-9]|1\d|2[0-8])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)"
    r"|(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01]))"
    r"T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$"
)
"""The times that Arrow reads as `parse` does, but for leap days, which not each year has."""
_FORM, _DIGIT = b"0000-00-00T00:00:00.000Z", b"0"[0]
"""The form that most times have, which is seen faster; 0 stands for a digit, told by Arrow."""
_INTEGER = r"^[1-9]\d{0,14}$"
_CONTROL = r"[\x00-\x1f\x7f-\x{9f}]"

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Parsed(NamedTuple):
    """The rows that lines became (`SCHEMA`, hour by hour), and the lines that are no likes."""

    rows: pa.Table
    bad: list[BadLine]


def parse(
    data: bytes,
    numbers: Sequence[int],
    arrived_at: int,
    skew: int = 0,
    shapes: Shapes | None = None,
) -> Parsed:
    """Give what `likes.parse` gives for each line of `data` that is not blank.

    `numbers` are those of the lines, by which bad ones are named; `arrived_at` and `skew` are
    those of `likes.parse`; `shapes` are those of earlier lines. A like without an event id gets one
    made of its line, and of its time if the line tells it: lines that are the same to the byte,
    blanks around them aside, are then the same like, in whatever file they stand, however often
    they are read, and whenever that file was changed.
    """
    text = Text(data)
    alike, left = (shapes or Shapes()).sort(text, likes.MAX_PAYLOAD_BYTES)
    parts: list[pa.Table] = []
    doubtful = [left]
    for lines in alike:
        if not are_clear(lines.shape.names):
            doubtful.append(lines.numbers)
            continue
        numbered = partial(_line, text, lines.numbers)
        rows, sure = judge(_told(text, lines), len(lines.numbers), arrived_at, skew, numbered)
        if sure is not None:
            doubtful.append(lines.numbers[~sure.to_numpy(zero_copy_only=False)])
            rows = rows.filter(sure)
        parts.append(rows)
    good, bad = _singly(text, np.sort(np.concatenate(doubtful)), numbers, arrived_at, skew)
    rows = pa.concat_tables([*parts, _table(good)])
    return Parsed(by_hour(rows), bad)


def _line(text: Text, numbers: Integers, place: int) -> bytes:
    return text.line(int(numbers[place]))


def _singly(
    text: Text, doubtful: Integers, numbers: Sequence[int], arrived_at: int, skew: int
) -> tuple[list[Like], list[BadLine]]:
    good, bad = [], []
    doubtful = doubtful[text.ends[doubtful] > text.starts[doubtful]]  # a file may hold millions
    for index in doubtful.tolist():
        line = text.line(index)
        if not line or line.isspace():
            continue
        try:
            like = likes.parse(line, arrived_at, lambda: _NO_ID, skew)
        except InvalidLike as invalid:
            bad.append(BadLine(numbers[index], line, invalid.reason, invalid.detail))
            continue
        if like.event_id == _NO_ID:
            dated = like.liked_at != arrived_at or _tells_time(line, arrived_at, skew)
            made = _id(like.liked_at if dated else UNDATED, line)
            like = msgspec.structs.replace(like, event_id=made)
        good.append(like)
    return good, bad


def _tells_time(line: bytes, arrived_at: int, skew: int) -> bool:
    """Tell that the time of a line is its own, as it would be another one's that came before."""
    like = likes.parse(line, arrived_at - 1, lambda: _NO_ID, skew + 1)
    return like.liked_at == arrived_at


def _id(liked_at: int, line: bytes) -> str:
    """Give the id of a line by its time in epoch milliseconds; `UNDATED` if it tells none."""
    return event_ids.derived(liked_at, sha256(line.strip()).hexdigest())


def _table(good: Sequence[Like]) -> pa.Table:
    columns = [[getattr(like, name) for like in good] for name in SCHEMA.names]
    arrays = [pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


class Values(NamedTuple):
    """What a field holds in each of some objects, null where it is absent: the bytes of texts, all
    of which are `quoted`, or JSON that is no text."""

    held: pa.Array[Any]
    quoted: bool


class Judged(NamedTuple):
    """Rows (`SCHEMA`), and which of them are surely what `parse` gives; None means all of them."""

    rows: pa.Table
    sure: pa.Array[Any] | None


def are_clear(names: Collection[str]) -> bool:
    """Tell that objects with these fields name a film, and no field in both its spellings."""
    both = any(name in names and alias in names for name, alias in likes.ALIASES.items())
    return not both and ("movie_id" in names or "movieId" in names)


def judge(
    fields: Mapping[str, Values],
    size: int,
    arrived_at: int,
    skew: int = 0,
    line: Callable[[int], bytes] | None = None,
) -> Judged:
    """Judge so many objects by column, whose fields are clear (`are_clear`).

    `arrived_at` and `skew` are those of `likes.parse`. An object without an event id gets one made
    of its `line`; without lines it is in doubt.
    """
    left = dict(fields)

    def column(
        name: str, rule: Callable[[pa.Array[Any], bool], _Column], default: object = None
    ) -> _Column:
        values = left.pop(name, None) or left.pop(likes.ALIASES.get(name, name), None)
        if values is None:
            return _Column(pa.array([default] * size))
        return _of_present(values, rule)

    told_at = column("liked_at", partial(_moments, arrived_at + AHEAD_MS + skew))
    told = told_at.values.cast(pa.int64())
    action = column("action", partial(_known, _action, "like"), "like")
    actions = action.values
    if actions.null_count:
        actions = actions.cast(pa.string()).fill_null("like")
    columns = {
        "movie_id": column("movie_id", partial(_known, movie_ids.parse, None)),
        "action": _Column(actions, action.sure),
        "liked_at": _Column(told.fill_null(arrived_at), told_at.sure),
    }
    for name, longest in likes.MAX_CHARACTERS.items():
        rule = _coded_texts if name in CODED else _texts
        columns[name] = column(name, partial(rule, longest))
    ids = columns["event_id"]
    if line is not None and ids.values.null_count == size:
        moments: list[Any] = told.fill_null(UNDATED).to_pylist()
        made = map(_id, moments, map(line, range(size)))
        columns["event_id"] = _Column(pa.array(made, pa.string()), ids.sure)
    columns["extra"] = _extra(left, size)
    doubts = [found.sure for found in columns.values() if found.sure is not None]
    needed = (columns[name].values for name in ("movie_id", "event_id"))
    doubts += [values.is_valid() for values in needed if values.null_count]
    sure = reduce(pc.and_, doubts).fill_null(False) if doubts else None
    arrays = [columns[field.name].values.cast(field.type) for field in SCHEMA]
    return Judged(pa.Table.from_arrays(arrays, schema=SCHEMA), sure)


class _Column(NamedTuple):
    """Values, and which of them are surely what `parse` gives; None means all of them."""

    values: pa.Array[Any]
    sure: pa.Array[Any] | None = None


def _of_present(values: Values, rule: Callable[[pa.Array[Any], bool], _Column]) -> _Column:
    """Judge what is there; what is absent is null, and that is sure."""
    held = values.held
    if not held.null_count:
        return rule(held, values.quoted)
    there = held.is_valid()
    found = rule(held.drop_null(), values.quoted)
    counted = pc.subtract(pc.cumulative_sum(there.cast(pa.int32())), 1)
    places = pc.if_else(there, counted, pa.scalar(None, pa.int32()))
    spread = found.values.take(places)
    if found.sure is None:
        return _Column(spread)
    return _Column(spread, found.sure.fill_null(False).take(places).fill_null(True))


def _told(text: Text, lines: Alike) -> dict[str, Values]:
    """Give the values of lines that have the same fields."""
    return {
        slot.name: Values(text.slices(*bounds), slot.quoted)
        for slot, bounds in zip(lines.shape.slots, lines.bounds, strict=True)
    }


def _texts(longest: int, values: pa.Array[Any], quoted: bool) -> _Column:
    """Judge texts of which many are different."""
    if not quoted:
        return _absent(values, None)
    found, sure = _unicode(values)
    if _is_plain(found):
        sizes = pc.binary_length(found)
        if sure is None and _lie_between(sizes, 1, longest):
            return _Column(found)
        return _Column(found, _between(sizes, 1, longest))
    within = _between(pc.utf8_length(found), 1, longest)
    for odd in (
        pc.starts_with(found, " "),
        pc.ends_with(found, " "),
        pc.match_substring_regex(found, _CONTROL),
    ):
        within = pc.and_not(within, odd)
    return _Column(found, within)


def _between(numbers: pa.Array[Any], least: int, most: int) -> pa.Array[Any]:
    between: pa.Array[Any] = pc.and_(pc.greater_equal(numbers, least), pc.less_equal(numbers, most))
    return between


def _lie_between(numbers: pa.Array[Any], least: int, most: int) -> bool:
    """Tell that all of them do, and none is null."""
    if not len(numbers):
        return True
    ends = pc.min_max(numbers).as_py()
    return not numbers.null_count and ends["min"] >= least and ends["max"] <= most


def _known(
    rule: Callable[[str], str], default: str | None, values: pa.Array[Any], quoted: bool
) -> _Column:
    """Judge texts of which most are the same: each of them once."""
    if not quoted:
        absent = _absent(values, default)
        return absent if default else _Column(absent.values, pc.and_(absent.sure, False))
    coded = values.dictionary_encode()
    judged: list[str | None] = []
    found: list[Any] = coded.dictionary.to_pylist()
    for value in found:
        try:
            judged.append(rule(value.decode()))
        except (InvalidLike, UnicodeDecodeError):
            judged.append(None)
    return _again_coded(coded.indices, pa.array(judged, pa.string()))


def _coded_texts(longest: int, values: pa.Array[Any], quoted: bool) -> _Column:
    """Judge texts of which many are the same: each of them once."""
    if not quoted:
        return _absent(values, None)
    coded = values.dictionary_encode()
    judged = _texts(longest, coded.dictionary, quoted)
    texts = judged.values if judged.sure is None else pc.if_else(judged.sure, judged.values, None)
    return _again_coded(coded.indices, texts)


def _again_coded(indices: pa.Array[Any], texts: pa.Array[Any]) -> _Column:
    """Give what values became, of which `texts` has each once; null stands for those in doubt."""
    different = texts.fill_null("").dictionary_encode()
    values = pa.DictionaryArray.from_arrays(different.indices.take(indices), different.dictionary)
    return _Column(values, texts.is_valid().take(indices) if texts.null_count else None)


def _absent(values: pa.Array[Any], default: object) -> _Column:
    """Judge what is no text: null means that it is not given, and all else is doubtful."""
    return _Column(pa.array([default] * len(values)), pc.equal(values, b"null"))


def _moments(latest: int, values: pa.Array[Any], quoted: bool) -> _Column:
    """Judge event times, epoch milliseconds or RFC 3339; null where none is told."""
    texts, _ = _unicode(values)
    if quoted:
        try:
            found = _times(texts if _have_one_form(texts) else _known_times(texts))
        except pa.ArrowInvalid:  # digits that are no time
            found = _times(_known_times(texts))
        told = pc.divide(found.cast(pa.int64()), 1000)
    elif pc.all(pc.match_substring_regex(texts, _INTEGER)).as_py():
        told = texts.cast(pa.int64())
    else:
        return _absent(values, None)
    if _lie_between(told, EARLIEST_MS, latest):
        return _Column(told)
    return _Column(told, _between(told, EARLIEST_MS, latest))


def _times(texts: pa.Array[Any]) -> pa.Array[Any]:
    return texts.cast(pa.timestamp("us", "UTC"))


def _known_times(texts: pa.Array[Any]) -> pa.Array[Any]:
    """Leave those that Arrow reads as `parse` does; null stands for others."""
    found: pa.Array[Any] = pc.if_else(pc.match_substring_regex(texts, _TIME), texts, None)
    return found


def _have_one_form(texts: pa.Array[Any]) -> bool:
    """Tell that all are as `_FORM`: what Arrow reads of them, `parse` reads alike."""
    if texts.null_count or not _lie_between(pc.binary_length(texts), len(_FORM), len(_FORM)):
        return False
    data: Any = texts.buffers()[2]
    codes = np.frombuffer(data, np.uint8)[: len(texts) * len(_FORM)].reshape(-1, len(_FORM))
    return all((codes[:, at] == code).all() for at, code in enumerate(_FORM) if code != _DIGIT)


def _extra(fields: Mapping[str, Values], size: int) -> _Column:
    """Judge the fields that no column is for, by the JSON of their values."""
    if not fields:
        return _Column(pa.nulls(size, pa.string()))
    parts: list[pa.Array[Any]] = []
    doubts: list[pa.Array[Any]] = []
    for name, values in fields.items():
        coded = values.held.dictionary_encode()
        different: list[Any] = coded.dictionary.to_pylist()
        key = "," + _encode(name).decode() + ":"
        texts = pa.array([_again(value, values.quoted, key) for value in different], pa.string())
        if texts.null_count:
            doubts.append(pc.or_(values.held.is_null(), texts.is_valid().take(coded.indices)))
        parts.append(texts.take(coded.indices))
    how = {"null_handling": "replace", "null_replacement": ""}
    found = pc.binary_join_element_wise("{", *parts, "}", "", **how)
    found = pc.if_else(pc.equal(found, "{}"), None, pc.binary_replace_slice(found, 1, 2, ""))
    sizes = pc.binary_length(found)
    if not _lie_between(sizes.drop_null(), 0, 2 * likes.MAX_DEPTH):  # a level takes two brackets
        brackets = pc.add(pc.count_substring(found, "{"), pc.count_substring(found, "["))
        doubts.append(
            pc.and_(
                pc.less_equal(sizes, likes.MAX_EXTRA_BYTES),
                pc.less_equal(brackets, likes.MAX_DEPTH),
            ).fill_null(True)
        )
    return _Column(found, reduce(pc.and_, doubts).fill_null(False) if doubts else None)


def _again(value: bytes, quoted: bool, key: str) -> str | None:
    """Give a value, after its key, as it is written again once it is read; None where it is not
    one value."""
    try:
        value = b'"%b"' % value if quoted else value
        return key + _encode(_decode(value)).decode()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _unicode(values: pa.Array[Any]) -> tuple[pa.Array[Any], pa.Array[Any] | None]:
    """Give bytes as text, and which of them are; None means all of them."""
    try:
        return values.cast(pa.string()), None
    except pa.ArrowInvalid:
        given: list[Any] = values.to_pylist()
        found = pa.array(map(_text, given), pa.string())
    return found, found.is_valid()


def _text(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _is_plain(texts: pa.Array[Any]) -> bool:
    """Tell that no text holds anything but visible ASCII."""
    data: Any = texts.buffers()[2]
    codes = np.frombuffer(data or b"", np.uint8)
    return bool(((codes > ord(" ")) & (codes < 0x7F)).all())


def _action(text: str) -> str:
    if text not in ("like", "unlike"):
        raise InvalidLike("bad_action", "Perhaps there are blanks around it.")
    return text

"""JSON that is not one object a line: arrays, objects one after the other, pretty-printed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec
import numpy as np

from infra.cli.backfill import constants
from infra.cli.backfill.line_chunks import Chunk, breaks
from infra.cli.backfill.source_bytes import Cut, Unreadable
from transform.event.stream_records import BadLine

LONGEST = 64 * 2**10
"""Bytes of an object at most, blanks included: no like has as many."""
_HEAD = 2**20
_GAP = 64
"""Bytes between two elements of an array, at most, or these are looked at one by one."""
_WINDOW = 2 * LONGEST
"""Bytes that are looked at once more after a line that is no JSON."""
_BETWEEN = b" \t\r\n,[]\x1e"
"""What may stand between objects. The last is that of JSON text sequences (RFC 7464)."""
_BOM = b"\xef\xbb\xbf"
_MAY_STAND = np.isin(np.arange(256), np.frombuffer(_BETWEEN, np.uint8))
_ESCAPED = re.compile(rb"\\[^\n]")
_BOUNDARY = re.compile(rb"}[ \t\r\n]*,[ \t\r\n]*")
_decode = msgspec.json.Decoder().decode
_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode
Integers = np.ndarray[Any, np.dtype[np.int64]]


def are_apart(head: bytes) -> bool:
    """Tell whether a file that starts so holds objects otherwise than one a line."""
    text = head.removeprefix(_BOM).lstrip(b" \t\r\n\x1e")
    if head.removeprefix(_BOM).startswith(b"\x1e"):
        return True
    if text.startswith(b"["):
        return text[1:].lstrip(b" \t\r\n").startswith((b"{", b"]"))
    if not text.startswith(b"{"):
        return False
    line = text.partition(b"\n")[0].rstrip()
    if _is_json(line):
        return False
    found = _split(text[:_HEAD]).objects
    if not found:
        return False
    first = text[found[0][0] : found[0][1]]
    # Of an object that is one line, others have to follow in that line, and not what breaks it.
    more = text[found[0][1] :].lstrip(b" \t,").startswith(b"{") or b"\n" in first
    return more and _is_json(first)


def lines(name: str, pieces: Iterable[bytes]) -> Iterator[Chunk | BadLine]:
    """Give each object as a line, numbered from 1 as all else that stands between objects.

    What is no JSON costs its own line, and reading goes on with the next one. Memory holds one
    piece and one object of `LONGEST` bytes. Raises `Unreadable` for the file of this name where
    its pieces are cut off, after all that is whole.
    """
    rest, number, begun, is_array = b"", 1, False, False
    try:
        for piece in pieces:
            data = rest + piece
            if not begun:
                begun, data = True, data.removeprefix(_BOM)
                is_array = data.lstrip().startswith(b"[")
                data = data.lstrip().removeprefix(b"[") if is_array else data
            together = _of_array(data) if is_array else None
            if together is not None:
                yield Chunk(number, together.lines)
                number, rest = number + together.number, together.rest
                continue
            is_array = False
            rest, found = _taken(data, number, last=False)
            for each in found:
                number += breaks(each.data) if isinstance(each, Chunk) else 1
                yield each
    except Cut as cut:
        raise Unreadable(name, number - 1, str(cut)) from None
    yield from _taken(rest, number, last=True)[1]


class _Together(NamedTuple):
    """Objects as lines, how many there are, and what comes after them."""

    lines: bytes
    number: int
    rest: bytes


def _of_array(data: bytes) -> _Together | None:
    """Give the elements of an array, from the first of `data` on, but for the last, all at once;
    None where they have to be looked at one by one."""
    last = data.rfind(b"{")
    while last > 0:
        before = data.rfind(b"}", max(0, last - _GAP), last)
        if before >= 0 and _BOUNDARY.fullmatch(data, before, last):
            break
        last = data.rfind(b"{", max(0, len(data) - LONGEST), last)
    if last <= 0:
        return None
    try:
        objects = _elements(b"".join((b"[", memoryview(data)[: before + 1], b"]")))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    lines = b"\n".join((*objects, b""))
    alone = lines.startswith(b"{") and lines.count(b"\n{") == len(objects) - 1
    if not alone or breaks(lines) > len(objects) or max(map(len, objects)) > LONGEST:
        return None
    return _Together(lines, len(objects), data[last:])


class _Found(NamedTuple):
    """Where objects start and end, and from where on one is open, or nothing but the end is left.

    `within` tells bytes that stand in an object, or after `open`; `junk` says that other bytes are
    not all what may stand between objects.
    """

    starts: Integers
    ends: Integers
    open: int
    within: Any
    junk: bool

    @property
    def objects(self) -> list[tuple[int, int]]:
        """Where each object starts and ends."""
        return list(zip(self.starts.tolist(), self.ends.tolist(), strict=True))


def _split(data: bytes) -> _Found:
    """Find objects by their braces; those in texts do not count, and no text has a line break."""
    if not data:
        none = np.zeros(0, np.int64)
        return _Found(none, none, 0, none.astype(bool), False)
    masked = _ESCAPED.sub(b"__", data) if b"\\" in data else data
    codes = np.frombuffer(masked, np.uint8)
    braces = np.flatnonzero((codes == ord("{")) | (codes == ord("}")))
    quotes = np.flatnonzero(codes == ord('"'))
    toggles = _closed(codes, quotes)
    outside = (np.searchsorted(toggles, braces) & 1) == 0
    braces = braces[outside]
    steps = np.where(codes[braces] == ord("{"), 1, -1)
    height = np.cumsum(steps)
    floor = np.minimum(np.minimum.accumulate(height), 0) if len(height) else height
    depth = height - floor  # a brace too many closes nothing
    before = np.concatenate((np.zeros(1, np.int64), depth[:-1]))
    starts = braces[(steps == 1) & (depth == 1)]
    ends = braces[(steps == -1) & (before == 1)] + 1
    open_at = int(starts[len(ends)]) if len(starts) > len(ends) else len(data)
    starts = starts[: len(ends)]
    steps = np.zeros(len(data) + 1, np.int8)
    steps[starts] += 1
    steps[ends] -= 1
    within = np.cumsum(steps[:-1], dtype=np.int8).view(bool)
    within[open_at:] = True
    return _Found(starts, ends, open_at, within, not (within | _MAY_STAND[codes]).all())


def _whole_lines(data: bytes, split: _Found) -> bytes | None:
    """Give objects as lines, all at once; None where one holds a line break, is too long, or
    follows another without anything between."""
    starts, ends = split.starts, split.ends
    if split.junk or not len(starts):
        return None
    if (ends[:-1] == starts[1:]).any() or (ends - starts).max() > LONGEST:
        return None
    first = int(starts[0])
    codes = np.frombuffer(data, np.uint8)[first : split.open].copy()
    kept = split.within[first : split.open].copy()
    if (kept & (codes == ord("\n"))).any():
        return None
    breaks = ends[ends < split.open] - first
    codes[breaks], kept[breaks] = ord("\n"), True
    lines = bytes(codes[kept])
    return lines + b"\n" if ends[-1] == split.open else lines


def _closed(codes: Any, quotes: Integers) -> Integers:
    """Give where texts begin and end; one that a line leaves open ends with the line."""
    breaks = np.flatnonzero(codes == ord("\n"))
    counts = np.diff(np.searchsorted(quotes, breaks), prepend=0)
    odd = breaks[counts % 2 == 1]
    return np.sort(np.concatenate((quotes, odd))) if len(odd) else quotes


def _taken(data: bytes, number: int, last: bool) -> tuple[bytes, list[Chunk | BadLine]]:
    """Give what is left of data for the next chunk to go on with, and what was found before."""
    found: list[Chunk | BadLine] = []
    window = len(data)
    while data:
        partial = len(data) > window
        split = _split(data[:window])
        good: list[bytes] = []
        at, broken = 0, None
        together = _whole_lines(data, split)
        if together is not None:
            found.append(Chunk(number, together))
            number += len(split.starts)
        for start, end in split.objects if together is None else ():
            if split.junk:
                good, number = _junk(data[at:start], number, good, found)
            one = data[start:end]
            if b"\n" in one or len(one) > LONGEST:
                flat = _flat(one)
                if flat is None and _holds_objects(one):
                    broken = start
                    break
                one = flat or one.replace(b"\n", b" ")[:LONGEST]
            good.append(one)
            at = end
        number = _flush(good, number, found)
        if broken is None:
            if split.junk:
                upto = split.open
                if upto == len(data) and not last:  # what ends its last line may be still to come
                    upto = max(at, data.rfind(b"\n", at) + 1, upto - LONGEST)
                _, number = _junk(data[at:upto], number, [], found)
                if upto < split.open:
                    return data[upto:], found
            data, window = data[split.open :], 8 * window
            if not data or (partial and split.open):
                continue
            if not (partial or last or len(data) > LONGEST):
                return data, found
            broken = 0
        end = data.find(b"\n", broken) + 1 or len(data)
        bad = data[broken:end].rstrip()
        found.append(BadLine(number, bad[:LONGEST], "not_json", "This is no JSON object."))
        number += 1
        data, window = data[end:], _WINDOW
    return b"", found


def _holds_objects(one: bytes) -> bool:
    """Tell whether a line within what should be an object is one itself: then a line is torn."""
    inner = (line.strip(_BETWEEN) for line in one.split(b"\n")[1:])
    return any(line.startswith(b"{") and len(line) > 2 and _is_json(line) for line in inner)


def _flush(good: list[bytes], number: int, found: list[Chunk | BadLine]) -> int:
    if good:
        found.append(Chunk(number, b"\n".join((*good, b""))))
    return number + len(good)


def _junk(
    between: bytes, number: int, good: list[bytes], found: list[Chunk | BadLine]
) -> tuple[list[bytes], int]:
    """Name what stands between objects and is none: each line of it."""
    pieces = [piece.strip(_BETWEEN) for piece in between.split(b"\n")]
    pieces = [piece for piece in pieces if piece]
    if not pieces:
        return good, number
    number = _flush(good, number, found)
    for piece in pieces:
        is_json = _is_json(b"[" + piece + b"]")
        reason = ("not_an_object", "A like is a JSON object.") if is_json else (
            "not_json", "This is no JSON object."
        )  # fmt: skip
        found.append(BadLine(number, piece[:LONGEST], *reason))
        number += 1
    return [], number


def _flat(one: bytes) -> bytes | None:
    """Give an object without line breaks and the blanks after them; None for what is none."""
    if len(one) > LONGEST:
        return None
    try:
        one = one if _is_json(one) else constants.without(one) or b""
        return msgspec.json.format(one, indent=-1)
    except (msgspec.MsgspecError, RecursionError):
        return None


def _is_json(text: bytes) -> bool:
    try:
        _decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True

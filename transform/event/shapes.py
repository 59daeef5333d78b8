"""JSON lines of one shape: those that differ from an example in the values of its fields alone.

A shape is learnt from one line that the decoder has understood. Another line has it if all between
the values is the same to the byte, which is seen for many lines at a time: quotes tell where values
begin and end, for lines with a backslash have no shape here. What stands in the places of the
values is for the caller to judge.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Integers = NDArray[np.int64]

FEW = 32
"""A shape of fewer lines is not worth its while."""
ATTEMPTS = 8
MOST = 16
"""How many shapes are looked for at a time, and known at all, among lines with as many quotes."""
REACH = 128
"""What stands between two values is at most so many bytes long, or the line has no shape."""

_QUOTE, _BREAK, _BACKSLASH = b'"'[0], b"\n"[0], b"\\"[0]
_WORD = 16
"""Bytes that are compared at a time: to get sixteen takes no longer than to get eight."""
_raw = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_COLON = re.compile(rb"[ \t\r\n]*:[ \t\r\n]*")
_END = re.compile(rb"[ \t\r\n]*}[ \t\r\n]*")
_NEXT = re.compile(rb"[ \t\r\n]*[,{][ \t\r\n]*")


class Text:
    """Bytes, where its lines begin and end, and where the quotes of each are."""

    def __init__(self, data: bytes) -> None:
        """Take whole lines; a break at the very end ends the last of them."""
        self.data = data
        codes = np.frombuffer(data, np.uint8)
        self._marks: Integers = np.flatnonzero((codes == _QUOTE) | (codes == _BREAK))
        """Where quotes are, and breaks."""
        breaks = np.flatnonzero(codes[self._marks] == _BREAK)
        ends, upto = self._marks[breaks], breaks
        if not data.endswith(b"\n"):
            ends, upto = np.append(ends, len(data)), np.append(upto, len(self._marks))
        self.ends: Integers = ends
        self.starts: Integers = np.concatenate(([0], ends[:-1] + 1))[: len(ends)]
        self._first: Integers = np.concatenate(([0], upto[:-1] + 1))[: len(ends)]
        self.quotes: Integers = upto - self._first
        """How many each line has."""
        self.plain = np.ones(len(ends), bool)
        """Which lines have no backslash, and are not at the very end."""
        if b"\\" in data:
            found = np.searchsorted(self.ends, np.flatnonzero(codes == _BACKSLASH))
            self.plain[found] = False
        size = max(0, len(data) - _WORD + 1)
        self._words: NDArray[Any] = np.ndarray((size,), f"V{_WORD}", data, strides=(1,))
        """As many bytes from each place on."""
        self.plain[self.ends > len(data) - REACH] = False

    def __len__(self) -> int:
        """How many lines there are."""
        return len(self.ends)

    def line(self, number: int) -> bytes:
        """Give a line, the first being 0, without its break."""
        return self.data[self.starts[number] : self.ends[number]]

    def anchors(self, numbers: Integers, quotes: int) -> Callable[[int], Integers]:
        """Give what gives, of lines with so many quotes, starts (for 0), a quote each, or ends."""
        first = self._first[numbers]

        @cache
        def anchor(place: int) -> Integers:
            if place == 0:
                return self.starts[numbers]
            if place > quotes:
                return self.ends[numbers]
            return self._marks.take(first + (place - 1))

        return anchor

    def equal(self, starts: Integers, expected: bytes) -> NDArray[np.bool_]:
        """Tell where these bytes stand, at most `REACH`, in plain lines or after their ends."""
        same = np.ones(len(starts), bool)
        last = max(0, len(expected) - _WORD)
        for offset in [*range(0, last, _WORD), last] if expected else ():
            part = expected[offset : offset + _WORD]
            found = self._words[offset:][starts].view("<u8").reshape(-1, 2)
            for half in (0, 1):
                eight = part[8 * half : 8 * half + 8]
                mask, word = (1 << 8 * len(eight)) - 1, int.from_bytes(eight, "little")
                if eight:
                    same &= (found[:, half] & np.uint64(mask)) == np.uint64(word)
        return same

    def slices(self, starts: Integers, ends: Integers) -> "pa.Array[Any]":
        """Give what stands between, in the order of the text, as binary."""
        bounds = np.empty(2 * len(starts), np.int32)
        bounds[0::2], bounds[1::2] = starts, ends
        buffers = [None, pa.py_buffer(bounds.data), pa.py_buffer(self.data)]
        with_gaps = pa.Array.from_buffers(pa.binary(), len(bounds) - 1, buffers)
        return with_gaps.take(np.arange(0, len(bounds), 2))


class Slot(NamedTuple):
    """Where a value stands: from a distance after one anchor to a distance before another."""

    name: str
    quoted: bool
    after: int
    begins: int
    before: int
    ends: int


class Shape(NamedTuple):
    """The fields of an object, in their order, and all that stands between their values.

    `between` has one more than `slots`: what comes before each of them, and after the last.
    """

    quotes: int
    slots: tuple[Slot, ...]
    between: tuple[bytes, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields."""
        return tuple(slot.name for slot in self.slots)

    def fit(self, text: Text, numbers: Integers) -> "Alike | None":
        """Give those of the lines, with as many quotes as it has, that have this shape."""
        fit = np.ones(len(numbers), bool)
        anchor = text.anchors(numbers, self.quotes)
        at = anchor(0)
        bounds: list[tuple[Integers, Integers]] = []
        for slot, expected in zip(self.slots, self.between, strict=False):
            begins = anchor(slot.after) + slot.begins
            ends = anchor(slot.before) - slot.ends
            fit &= (begins - at == len(expected)) & (begins <= ends) & text.equal(at, expected)
            bounds.append((begins, ends))
            at = ends
        last = self.between[-1]
        fit &= (anchor(self.quotes + 1) - at == len(last)) & text.equal(at, last)
        if fit.all():
            return Alike(self, numbers, bounds) if len(numbers) else None
        if not fit.any():
            return None
        kept = [(begins[fit], ends[fit]) for begins, ends in bounds]
        return Alike(self, numbers[fit], kept)


def learn(line: bytes) -> Shape | None:
    """Give the shape of a line; None where it has none, or is no object."""
    try:
        values = _raw(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if b"\\" in line or not values:
        return None
    quotes = [0, *(at for at, code in enumerate(line) if code == _QUOTE), len(line)]
    slots: list[Slot] = []
    between: list[bytes] = []
    at = done = 0
    for name, raw in values.items():
        key = b'"' + name.encode() + b'"'
        opened = _NEXT.match(line, at)
        if opened is None or not line.startswith(key, opened.end()):
            return None  # a field that is there twice
        colon = _COLON.match(line, opened.end() + len(key))
        value = bytes(raw)
        if colon is None or not line.startswith(value, colon.end()):
            return None
        begins, at = colon.end(), colon.end() + len(value)
        quoted = value.startswith(b'"')
        if quoted:
            begins, value = begins + 1, value[1:-1]
        ends = begins + len(value)
        after = _last_before(quotes, begins)
        before = next(i for i, quote in enumerate(quotes) if i > after and quote >= ends)
        edges = after, begins - quotes[after], before, quotes[before] - ends
        slots.append(Slot(name, quoted, *edges))
        between.append(line[done:begins])
        done = ends
    between.append(line[done:])
    if not _END.fullmatch(line, at) or max(map(len, between)) > REACH:
        return None
    return Shape(len(quotes) - 2, tuple(slots), tuple(between))


def _last_before(anchors: Sequence[int], place: int) -> int:
    return max(i for i, anchor in enumerate(anchors[:-1]) if anchor < place or i == 0)


class Alike(NamedTuple):
    """Lines of a shape, by number, and where the value of each field begins and ends in them."""

    shape: Shape
    numbers: Integers
    bounds: list[tuple[Integers, Integers]]


class Shapes:
    """The shapes met so far."""

    def __init__(self) -> None:
        """Know none yet."""
        self._known: dict[int, list[Shape]] = {}

    def sort(self, text: Text, longest: int) -> tuple[list[Alike], Integers]:
        """Give the lines that are alike, and the numbers of all others, such as longer ones."""
        usable = text.plain & (text.ends - text.starts <= longest) & (text.quotes > 0)
        found: list[Alike] = []
        others = [np.flatnonzero(~usable)]
        for quotes in np.unique(text.quotes[usable]).tolist():
            numbers = np.flatnonzero(usable & (text.quotes == quotes))
            known = self._known.setdefault(quotes, [])
            if len(numbers) >= FEW or known:
                alike, numbers = _divide(text, numbers, quotes, known)
                found += alike
            others.append(numbers)
        return found, np.concatenate(others)


def _divide(
    text: Text, numbers: Integers, quotes: int, known: list[Shape]
) -> tuple[list[Alike], Integers]:
    found: list[Alike] = []

    def take(shape: Shape) -> int:
        nonlocal numbers
        alike = shape.fit(text, numbers)
        if alike is None:
            return 0
        found.append(alike)
        whole = len(alike.numbers) == len(numbers)
        numbers = numbers[:0] if whole else np.setdiff1d(numbers, alike.numbers, True)
        return len(alike.numbers)

    for shape in known:
        take(shape)
    for attempt in range(ATTEMPTS):
        if len(numbers) < FEW or len(known) >= MOST:
            break
        learnt = learn(text.line(numbers[attempt * len(numbers) // ATTEMPTS]))
        if learnt and take(learnt) >= FEW:
            known.append(learnt)
    return found, numbers

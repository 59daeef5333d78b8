"""JSON's text as Trino reads and writes it (Jackson's way): numbers, order, what is malformed."""

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import msgspec

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?(?![\w.+-])", re.ASCII)
_WORDS: Final = {"true": True, "false": False, "null": None}
MISSING: Final = object()


class Number(str):
    """A number as it is written."""

    __slots__ = ()

    @property
    def is_whole(self) -> bool:
        """Whether it has no point and no exponent."""
        return self.lstrip("-").isdigit()


class Members(list[tuple[str, Any]]):
    """An object some of whose keys are there twice."""


class NoJson(ValueError):
    """Text that is no JSON; the message is a sentence."""


def _constant(_: str) -> Any:
    raise ValueError


_string: Callable[[str, int, bool], tuple[str, int]] = vars(json.decoder)["scanstring"]
_sorted = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=_constant)


def _pairs(pairs: list[tuple[str, Any]]) -> Any:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Members(pairs)


_kept = json.JSONDecoder(
    parse_int=Number, parse_float=Number, parse_constant=_constant, object_pairs_hook=_pairs
)


def parse(text: str) -> Any:
    """The value, the last where a key is there twice; `NoJson` where the text is none."""
    try:
        return _sorted.decode(text)
    except (ValueError, RecursionError):
        raise NoJson(f"Cannot convert value to JSON: '{text}'") from None


def java(value: float) -> str:
    """A double as Java tells it."""
    if value != value:
        return '"NaN"'
    if value in (float("inf"), float("-inf")):
        return '"Infinity"' if value > 0 else '"-Infinity"'
    return java_digits(repr(value))


def java_digits(told: str) -> str:
    """The shortest digits of a number, with an exponent where Java has one."""
    sign, told = ("-", told[1:]) if told.startswith("-") else ("", told)
    mantissa, _, exponent = told.lower().partition("e")
    whole, _, part = mantissa.partition(".")
    digits = (whole + part).lstrip("0")
    if not digits:
        return sign + "0.0"
    place = int(exponent or 0) + len(whole) - (len(whole + part) - len(digits))
    digits = digits.rstrip("0") or "0"
    if told == "5e-324":  # Java tells two digits of it
        digits = "49"
    if -3 < place <= 7:
        if place <= 0:
            return f"{sign}0.{'0' * -place}{digits}"
        digits = digits.ljust(place, "0")
        return f"{sign}{digits[:place]}.{digits[place:] or '0'}"
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{place - 1}"


def valid(value: str) -> str:
    """Text with a question mark for each half of a character."""
    if value.isascii():
        return value
    return value.encode("utf-8", "replace").decode()


def quoted(value: str) -> str:
    """Text as a JSON string."""
    told = json.encoder.encode_basestring(valid(value))
    if "\\u00" in told:
        told = re.sub(r"\\u00([01][0-9a-f])", lambda found: f"\\u00{found[1].upper()}", told)
    return told


def _raw(told: str) -> Any:
    value = float(told)
    plain = repr(value) == told and 1e-3 <= abs(value) < 1e7  # no exponent: told as Java tells it
    return msgspec.Raw((told if plain else java(value)).encode())


# C's way to what `parse` and `dumps` do, of text without escapes: its strings are written as they
# are read, and hold no control.
_quick = msgspec.json.Decoder(float_hook=_raw)
_quick_values = msgspec.json.Decoder(float_hook=Number)
_write = msgspec.json.Encoder(order="sorted")
_write_kept = msgspec.json.Encoder()


def normal(text: str) -> str:
    """The text of a value without white space, its keys sorted; `NoJson` where it is none."""
    if "\\" not in text and (text.isascii() or max(text) <= "\uffff"):
        try:
            return _write.encode(_quick.decode(text)).decode()
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            pass
    return dumps(parse(text), ordered=True)


def written(text: str) -> tuple[Any, Callable[[Any], str]]:
    """The value, and what writes a part of it as `dumps` does; `NoJson` where it is none.

    A number with a point is its text, of which no more is known.
    """
    if "\\" not in text:
        try:
            return _quick.decode(text), lambda value: _write_kept.encode(value).decode()
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            pass
    return parse(text), dumps


def values(text: str) -> Any:
    """What `parse` gives, but whole numbers as Python's."""
    try:
        return _quick_values.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return parse(text)


def _order(pair: tuple[str, Any]) -> bytes:
    return pair[0].encode("utf-16-be", "surrogatepass")


def dumps(value: Any, *, ordered: bool = False) -> str:
    """The text of a value, without white space; `ordered` sorts the keys of objects."""
    if isinstance(value, Number):
        if not value.is_whole:
            return java(float(value))
        return "0" if value == "-0" else str(value)
    if isinstance(value, str):
        return quoted(value)
    if value is None:
        return "null"
    if type(value) is int:
        return str(value)
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, dict | Members):
        items = list(value.items()) if isinstance(value, dict) else list(value)
        if ordered:
            items.sort(key=_order)
        inner = ",".join(f"{quoted(k)}:{dumps(v, ordered=ordered)}" for k, v in items)
        return "{" + inner + "}"
    return "[" + ",".join(dumps(each, ordered=ordered) for each in value) + "]"


_STEP = re.compile(r'\.([\w:]+)|\[([\w]+)\]|\["((?:[^"\\]|\\["\\])*)"\]')


@lru_cache(maxsize=512)
def path(text: str) -> tuple[str, ...]:
    """The steps of a path of json_extract; `NoJson` where it is none that is known here."""
    steps, place = [], 1
    if not text.startswith("$"):
        raise NoJson(f"Invalid JSON path: '{text}'")
    while place < len(text):
        found = _STEP.match(text, place)
        if found is None:
            raise NoJson(f"Invalid JSON path: '{text}'")
        if found[3] is not None:
            steps.append(re.sub(r"\\(.)", r"\1", found[3]))
        else:
            steps.append(found[1] or found[2])
        place = found.end()
    return tuple(steps)


def _step(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return value.get(name, MISSING)
    if isinstance(value, Members):
        return next((v for k, v in value if k == name), MISSING)
    if isinstance(value, list) and name.isascii() and name.isdigit() and int(name) < len(value):
        return value[int(name)]
    return MISSING


def extract(text: str, steps: tuple[str, ...]) -> Any:
    """What is at a path, or MISSING. Text behind it is not looked at, malformed or not."""
    try:
        value = _kept.decode(text)
    except (ValueError, RecursionError):
        try:
            return _Reader(text).extract(steps)
        except (ValueError, IndexError, RecursionError):
            return MISSING
    for name in steps:
        value = _step(value, name)
        if value is MISSING:
            return MISSING
    return value


class _Reader:
    """Reads text as far as a path wants it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def space(self) -> str:
        found = _SPACE.match(self.text, self.place)
        assert found is not None
        self.place = found.end()
        return self.text[self.place : self.place + 1]

    def take(self, wanted: str) -> None:
        if self.space() != wanted:
            raise ValueError
        self.place += 1

    def string(self) -> str:
        self.take('"')
        found: str
        found, self.place = _string(self.text, self.place, True)
        return found

    def value(self) -> Any:
        first = self.space()
        if first == "{":
            return _pairs(self.members(lambda _: MISSING)[1])
        if first == "[":
            return self.elements(None)
        return self.scalar(first)

    def scalar(self, first: str) -> Any:
        if first == '"':
            return self.string()
        for word, value in _WORDS.items():
            if self.text.startswith(word, self.place):
                self.place += len(word)
                if self.text[self.place : self.place + 1].isalnum():
                    raise ValueError
                return value
        found = _NUMBER.match(self.text, self.place)
        if found is None:
            raise ValueError
        self.place = found.end()
        return Number(found[0])

    def members(self, met: Callable[[str], Any]) -> tuple[Any, list[tuple[str, Any]]]:
        """The members of an object, up to the one for which `met` gives something."""
        self.take("{")
        found: list[tuple[str, Any]] = []
        if self.space() == "}":
            self.place += 1
            return MISSING, found
        while True:
            name = self.string()
            self.take(":")
            if (value := met(name)) is not MISSING:
                return value, found
            found.append((name, self.value()))
            if self.space() == "}":
                self.place += 1
                return MISSING, found
            self.take(",")

    def elements(self, wanted: int | None) -> Any:
        self.take("[")
        found: list[Any] = []
        if self.space() == "]":
            self.place += 1
            return MISSING if wanted is not None else found
        while True:
            if len(found) == wanted:
                return self
            found.append(self.value())
            if self.space() == "]":
                self.place += 1
                return MISSING if wanted is not None else found
            self.take(",")

    def extract(self, steps: tuple[str, ...]) -> Any:
        for name in steps:
            first = self.space()
            if first == "{":
                at, _ = self.members(lambda each, name=name: self if each == name else MISSING)  # type: ignore[misc]
            elif first == "[" and name.isascii() and name.isdigit():
                at = self.elements(int(name))
            else:
                return MISSING
            if at is MISSING:
                return MISSING
        return self.value()

"""Trino's types: read from text, told as Athena tells them, and what DuckDB holds them in."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Union

_TOKEN = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([\w$]+)|(.))', re.DOTALL)
_SYNONYMS = {"int": "integer", "string": "varchar", "float": "real", "numeric": "decimal"}
_SYNONYMS |= {"binary": "varbinary", "dec": "decimal", "struct": "row"}
_WORDS = {"interval": 4, "double precision": 1}
_DUCKDB = {
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double": "DOUBLE",
    "varchar": "VARCHAR",
    "char": "VARCHAR",
    "json": "VARCHAR",
    "varbinary": "BLOB",
    "date": "DATE",
    "time": "BIGINT",
    "time with time zone": "STRUCT(t BIGINT, z INTEGER)",
    "uuid": "UUID",
    "ipaddress": "BLOB",
    "unknown": "INTEGER",
    "interval day to second": "BIGINT",
    "interval year to month": "INTEGER",
}

_BUILT = ("decimal", "timestamp", "array", "map", "row")


@dataclass(frozen=True, slots=True)
class Type:
    """A type of Trino's: its name, what it is of (types or numbers), and a row's field names.

    DuckDB holds `char` padded to its length, `json` as its text, an interval as its milliseconds
    or months, times as `times` tells, and a timestamp with a zone as the moment in UTC beside the
    zone's name.
    """

    name: str
    of: tuple[Union["Type", int], ...] = ()
    fields: tuple[str | None, ...] = ()

    def __str__(self) -> str:
        if self.name == "row":
            names = (f"{_identifier(name)} " if name else "" for name in self.fields)
            return f"row({', '.join(n + str(t) for n, t in zip(names, self.of, strict=True))})"
        if not self.of:
            return self.name
        first, *rest = self.name.split(" ", 1)
        comma = "," if self.name == "decimal" else ", "
        return " ".join([f"{first}({comma.join(map(str, self.of))})", *rest])

    @property
    def types(self) -> tuple["Type", ...]:
        """The types it is of."""
        return tuple(part for part in self.of if isinstance(part, Type))

    @property
    def element(self) -> "Type":
        """What an array holds."""
        return self.types[0]

    @property
    def precision(self) -> int:
        """A decimal's digits in all; a time's digits of a second."""
        return self.of[0] if self.of and isinstance(self.of[0], int) else 0

    @property
    def scale(self) -> int:
        """A decimal's digits behind the point."""
        return self.of[1] if len(self.of) > 1 and isinstance(self.of[1], int) else 0

    @property
    def length(self) -> int | None:
        """How long text of this type can be; None for any length."""
        return self.of[0] if self.of and isinstance(self.of[0], int) else None

    @property
    def duckdb(self) -> str:
        """The type that DuckDB holds its values in."""
        match self.name:
            case "decimal":
                return f"DECIMAL({self.precision}, {self.scale})"
            case "timestamp":
                fine = "STRUCT(t TIMESTAMP, p INTEGER)"
                return "TIMESTAMP" if self.precision <= 6 else fine
            case "timestamp with time zone":
                return f"STRUCT(t {timestamp(self.precision).duckdb}, z VARCHAR)"
            case "array":
                return f"{self.element.duckdb}[]"
            case "map":
                return f"MAP({', '.join(part.duckdb for part in self.types)})"
            case "row":
                names = [quoted(name) for name in field_names(self)]
                kinds = [part.duckdb for part in self.types]
                return f"STRUCT({', '.join(map(' '.join, zip(names, kinds, strict=True)))})"
        return _DUCKDB[self.name]


def field_names(row: Type) -> tuple[str, ...]:
    """The names DuckDB has for a row's fields; those without a name are told by their place."""
    return tuple(name or f"field{place}" for place, name in enumerate(row.fields))


def quoted(name: str) -> str:
    """An identifier of DuckDB's."""
    return '"' + name.replace('"', '""') + '"'


def _identifier(name: str) -> str:
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else quoted(name)


UNKNOWN = Type("unknown")
BOOLEAN = Type("boolean")
TINYINT = Type("tinyint")
SMALLINT = Type("smallint")
INTEGER = Type("integer")
BIGINT = Type("bigint")
REAL = Type("real")
DOUBLE = Type("double")
VARCHAR = Type("varchar")
VARBINARY = Type("varbinary")
DATE = Type("date")
JSON = Type("json")
UUID = Type("uuid")
DAY_TO_SECOND = Type("interval day to second")
YEAR_TO_MONTH = Type("interval year to month")
INTEGERS = ("tinyint", "smallint", "integer", "bigint")
DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
"""The decimal digits that hold any value of an integer type."""


def decimal(precision: int, scale: int) -> Type:
    """A decimal of so many digits, so many of them behind the point."""
    return Type("decimal", (precision, scale))


def varchar(length: int | None = None) -> Type:
    """Text, of at most so many characters."""
    return Type("varchar", () if length is None else (length,))


def char(length: int) -> Type:
    """Text of just so many characters."""
    return Type("char", (length,))


def time(precision: int = 3) -> Type:
    """A time of day."""
    return Type("time", (precision,))


def timestamp(precision: int = 3) -> Type:
    """A date and a time."""
    return Type("timestamp", (precision,))


def zoned(precision: int = 3) -> Type:
    """A moment, seen in a zone."""
    return Type("timestamp with time zone", (precision,))


def array(element: Type) -> Type:
    """An array."""
    return Type("array", (element,))


def map_of(key: Type, value: Type) -> Type:
    """A map."""
    return Type("map", (key, value))


def row(fields: Iterable[tuple[str | None, Type]]) -> Type:
    """A row, its fields with or without names."""
    fields = tuple(fields)
    return Type("row", tuple(kind for _, kind in fields), tuple(name for name, _ in fields))


def text_type(kind: Type, within: bool = False) -> Type | None:
    """The type that a value is told in where DuckDB has no type for it; None for others.

    Arrays, maps and rows of such values have one, too; a time with a zone that is `within` one is
    told with its zone.
    """
    coarse = kind.name.startswith("timestamp") and kind.precision <= 6
    if kind.name == "timestamp with time zone" and within:
        coarse = False
    if (
        kind.name == "ipaddress"
        or kind.name.startswith("interval")
        or (kind.name.startswith("time") and not coarse)
    ):
        return VARCHAR
    if not kind.types:
        return None
    parts = [text_type(part, within=True) for part in kind.types]
    if not any(parts):
        return None
    told = tuple(new or old for new, old in zip(parts, kind.types, strict=True))
    return Type(kind.name, told, kind.fields)


class NoType(ValueError):
    """Text that is no type known here; the message is a sentence."""


def parse(text: str) -> Type:
    """The type that is written so by Trino, Athena or Glue; `NoType` where it is none."""
    tokens = [(q.replace('""', '"') if q else w or p, bool(q)) for q, w, p in _TOKEN.findall(text)]
    reader = _Reader(text, [token for token in tokens if token[0].strip()])
    found = reader.type()
    if reader.tokens:
        raise NoType(f'There is no type "{text}" here.')
    return found


@dataclass(slots=True)
class _Reader:
    text: str
    tokens: list[tuple[str, bool]]

    def peek(self) -> str:
        return self.tokens[0][0].lower() if self.tokens else ""

    def take(self, *wanted: str) -> str:
        if not self.tokens or (wanted and self.peek() not in wanted):
            raise NoType(f'There is no type "{self.text}" here.')
        return self.tokens.pop(0)[0]

    def type(self) -> Type:
        name = self.take().lower()
        name = _SYNONYMS.get(name, name)
        if name == "double" and self.peek() == "precision":
            self.take()
        if name == "interval":
            name = " ".join([name, *(self.take().lower() for _ in range(3))])
        of: list[Type | int] = []
        fields: list[str | None] = []
        if self.peek() in ("(", "<"):
            self.take()
            while True:
                if name == "row":
                    fields.append(self.field())
                of.append(int(self.take()) if self.peek().isdigit() else self.type())
                if self.take(",", ")", ">") != ",":
                    break
        if name in ("time", "timestamp") and self.peek() in ("with", "without"):
            zone = self.take().lower() == "with"
            self.take("time")
            self.take("zone")
            name += " with time zone" if zone else ""
        return self.checked(name, of, fields)

    def field(self) -> str | None:
        following = self.tokens[1][0].lower() if len(self.tokens) > 1 else ""
        named = self.tokens and (self.tokens[0][1] or following not in ("(", ",", ")", "<", "with"))
        if not named or (self.peek() == "double" and following == "precision"):
            return None
        name = self.take().lower()
        if self.peek() == ":":
            self.take()
        return name

    def checked(self, name: str, of: list["Type | int"], fields: list[str | None]) -> Type:
        if name == "decimal":
            of = [38, 0] if not of else [*of, 0][:2]
            whole, part = of
            if not (isinstance(whole, int) and isinstance(part, int) and 0 <= part <= whole <= 38):
                raise NoType(f'"{self.text}" is no decimal: at most 38 digits make one.')
        elif name.split(" ")[0] in ("time", "timestamp"):
            of = of or [3]
        elif name == "char":
            of = of or [1]
        count = {"decimal": 2, "array": 1, "map": 2, "varchar": len(of[:1])}
        known = name in _DUCKDB or name.split(" ")[0] in _BUILT
        timed = name.split(" ")[0] in ("time", "timestamp", "char")
        right = name == "row" or len(of) == count.get(name, 1 if timed else 0)
        if not known or not right:
            raise NoType(f'The type "{self.text}" is not known here.')
        if timed and name.startswith("time") and of[0] not in range(13):
            raise NoType(f'"{self.text}" is finer than picoseconds.')
        return Type(name, tuple(of), tuple(fields))

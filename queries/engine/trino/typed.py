"""An expression in DuckDB's SQL, with the type that Trino has for it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from queries.engine.trino.types import Type


@dataclass(frozen=True, slots=True)
class Typed:
    """SQL in DuckDB's words, its type in Trino's, and its value where it is written as a constant.

    `sql` can stand wherever an operand can. `moment` and `zone` are the two parts of a time with a
    zone, where they are known apart.
    """

    sql: str
    type: Type
    value: str | int | None = None
    parts: tuple[str, str] | None = None

    @property
    def moment(self) -> str:
        """Of a time with a zone: the same in UTC."""
        if self.type.name == "time with time zone":
            return f"t_utc_time({self.sql})"
        if self.parts:
            return self.parts[0]
        kind = Type("timestamp", self.type.of).duckdb
        return f"CAST(({self.sql}).t AS {kind})"

    @property
    def zone(self) -> str:
        """Of a time with a zone: the zone's name."""
        return self.parts[1] if self.parts else f"({self.sql}).z"


@dataclass(frozen=True, slots=True)
class Function(Typed):
    """A lambda, of the type that it gives: `apply` writes its body with SQL for its parameters."""

    names: tuple[str, ...] = field(kw_only=True)
    body: Callable[..., Typed] = field(kw_only=True)

    @classmethod
    def of(cls, names: tuple[str, ...], body: Callable[..., Typed]) -> "Function":
        """The function whose parameters DuckDB knows by these names."""
        made = body(*names)
        return cls(f"lambda {', '.join(names)}: {made.sql}", made.type, names=names, body=body)

    def apply(self, *arguments: str) -> str:
        """The SQL of its body, each parameter standing for some SQL that is short."""
        return self.body(*arguments).sql


def zoned(moment: str, zone: str, kind: Type) -> Typed:
    """A time with a zone, of its parts."""
    packed = f"struct_pack(t := {moment}, z := {zone})"
    sure = moment.startswith("TIMESTAMP '") and zone.startswith("'")
    known = " AND ".join(f"{each} IS NOT NULL" for each in (moment, zone) if each[0] != "'")
    sql = packed if sure else f"CASE WHEN {known} THEN {packed} END"
    return Typed(f"({sql})", kind, parts=(moment, zone))


def text(value: str) -> str:
    """A text constant of DuckDB's."""
    return "'" + value.replace("'", "''") + "'"

"""Trino's functions: the types each takes, the type it gives, and how it is written in DuckDB."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias
from zlib import crc32

from queries.engine.errors import Refused
from queries.engine.trino import casts, types
from queries.engine.trino.coercions import as_decimal, common, fits
from queries.engine.trino.typed import Function, Typed
from queries.engine.trino.types import INTEGERS, Type

Kind = Literal["scalar", "aggregate", "window"]
Binding: TypeAlias = "dict[str, Type | int | None]"
Give: TypeAlias = "Callable[[Binding], Type]"
Lambda: TypeAlias = "Callable[[Sequence[Type]], Function]"
Argument: TypeAlias = "Typed | Lambda"

_TOKEN = re.compile(r"\s*(->|\.\.\.|\w+(?: (?:with|day|year|to|time|zone|second|month))*|[(),])")
_AGGREGATE = re.compile(r"@(\w+)\(")
_IGNORE = " IGNORE NULLS"
_WIDTH = {
    "tinyint": 0,
    "smallint": 1,
    "integer": 2,
    "bigint": 3,
    "decimal": 4,
    "real": 5,
    "double": 6,
}


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function: its arguments, as the types it takes, and what stands about it."""

    args: tuple[Typed, ...]
    result: Type
    bound: "Binding"
    distinct: str = ""
    order: str = ""
    suffix: str = ""

    def __getitem__(self, place: int) -> str:
        return self.args[place].sql

    def name(self, what: str) -> str:
        """A name for what a lambda's body stands for, that no lambda within or around has."""
        told = f"{what}({', '.join(arg.sql for arg in self.args)})"
        return f'"{what}${crc32(told.encode()):x}"'

    def function(self, place: int) -> Function:
        """The lambda that an argument is."""
        found = self.args[place]
        assert isinstance(found, Function)
        return found

    def constant(self, place: int, what: str) -> str:
        """The text that an argument is written as; refused where it is no constant."""
        value = self.args[place].value
        if not isinstance(value, str):
            raise Refused(f"Here {what} must be a constant.")
        return value

    def aggregate(self, name: str, *arguments: str) -> str:
        """A call of one of DuckDB's aggregates over the same rows."""
        order = f" ORDER BY {self.order}" if self.order else ""
        suffix, nulls = self.suffix, ""
        if suffix.startswith(_IGNORE):
            suffix, nulls = suffix.removeprefix(_IGNORE), _IGNORE
        return f"{name}({self.distinct}{', '.join(arguments)}{order}{nulls}){suffix}"

    def write(self, template: str) -> str:
        """The template with `{0}`, `{1}` … for arguments, `{*}` for all, `{type}` for the result's
        type, and `@name(…)` for an aggregate over the call's rows."""
        filled = template.replace("{*}", ", ".join(arg.sql for arg in self.args))
        filled = filled.replace("{type}", self.result.duckdb)
        filled = self._aggregates(filled)
        return re.sub(r"\{(\d)\}", lambda found: self.args[int(found[1])].sql, filled)

    def _aggregates(self, template: str) -> str:
        while found := _AGGREGATE.search(template):
            depth, end = 1, found.end()
            while depth:
                depth += {"(": 1, ")": -1}.get(template[end], 0)
                end += 1
            inner = template[found.end() : end - 1]
            call = self.aggregate(found[1], *([inner] if inner else []))
            template = template[: found.start()] + call + template[end:]
        return template


Write: TypeAlias = "str | Callable[[Call], str | Typed]"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A type with variables: `T` for a type, `x` for a number, `T...` for any number of them."""

    name: str
    of: tuple["Pattern", ...] = ()
    repeated: bool = False

    @property
    def is_variable(self) -> bool:
        return len(self.name) == 1 and self.name.isupper()


@dataclass(frozen=True, slots=True)
class Overload:
    """One signature of a function."""

    name: str
    kind: Kind
    parameters: tuple[Pattern, ...]
    result: "Pattern | Give"
    write: "Write"
    signature: str


@dataclass(slots=True)
class Family:
    """Functions of one kind. `functions("upper(varchar(x)) -> varchar(x)", "upper({0})")`."""

    overloads: dict[str, list[Overload]] = field(default_factory=dict)

    def __call__(
        self, signature: str, write: "Write", kind: Kind = "scalar", result: "Give | None" = None
    ) -> None:
        """Declare a function. `result`, where given, works the type out of the variables."""
        name, parameters, told = _read(signature)
        found = Overload(name, kind, parameters, result or told, write, signature)
        self.overloads.setdefault(name, []).append(found)

    def aggregate(self, signature: str, write: "Write", result: "Give | None" = None) -> None:
        """Declare an aggregate, in whose template `@name(…)` are DuckDB's."""
        self(signature, write, "aggregate", result)

    def window(self, signature: str, write: "Write") -> None:
        """Declare a window function, in whose template `@name(…)` are DuckDB's."""
        self(signature, write, "window")


def _read(signature: str) -> tuple[str, tuple[Pattern, ...], Pattern]:
    tokens = _TOKEN.findall(signature)
    name = tokens.pop(0)
    parameters = tuple(_patterns(tokens))
    assert tokens.pop(0) == "->", signature
    result = _pattern(tokens)
    assert not tokens, signature
    return name, parameters, result


def _patterns(tokens: list[str]) -> Iterator[Pattern]:
    assert tokens.pop(0) == "("
    while tokens[0] != ")":
        yield _pattern(tokens)
        if tokens[0] == ",":
            tokens.pop(0)
    tokens.pop(0)


def _pattern(tokens: list[str]) -> Pattern:
    name = tokens.pop(0)
    of = tuple(_patterns(tokens)) if tokens and tokens[0] == "(" else ()
    if tokens and tokens[0].startswith("with time zone"):
        name += " " + tokens.pop(0)
    repeated = bool(tokens) and tokens[0] == "..."
    if repeated:
        tokens.pop(0)
    return Pattern(name, of, repeated)


@dataclass(frozen=True, slots=True)
class Match:
    """An overload that takes some arguments, with what its variables stand for."""

    overload: Overload
    call: Call
    cost: int


def match(overloads: Sequence[Overload], arguments: Sequence["Argument"]) -> Match | None:
    """The overload that takes the arguments as they are, or with the least coercion."""
    found = [each for overload in overloads if (each := _match(overload, arguments)) is not None]
    return min(found, key=lambda each: each.cost, default=None)


def _match(overload: Overload, arguments: Sequence["Argument"]) -> Match | None:
    patterns = list(overload.parameters)
    if patterns and patterns[-1].repeated:
        patterns[-1:] = [patterns[-1]] * (len(arguments) - len(patterns) + 1)
    if len(patterns) != len(arguments):
        return None
    bound: Binding = {}
    cost = 0
    for pattern, argument in zip(patterns, arguments, strict=True):
        if isinstance(argument, Typed):
            step = _unify(pattern, argument.type, bound)
            if step is None:
                return None
            cost += step
        elif pattern.name != "function":
            return None
    given = _lambdas(patterns, arguments, bound)
    if given is None:
        return None
    bodies = iter(given)
    args: list[Typed] = []
    for pattern, argument in zip(patterns, arguments, strict=True):
        if isinstance(argument, Typed):
            args.append(casts.coerced(argument, _filled(pattern, bound)))
        else:
            args.append(next(bodies))
    if callable(overload.result):
        result = overload.result(bound)
    else:
        result = _filled(overload.result, bound)
    return Match(overload, Call(tuple(args), result, bound), cost)


def _lambdas(
    patterns: Sequence[Pattern], arguments: Sequence["Argument"], bound: "Binding"
) -> list[Function] | None:
    """The functions among the arguments. What one gives may widen a type that it takes itself."""
    given: list[Function] = []
    before: Binding | None = None
    while before != bound:
        before = dict(bound)
        given = []
        for pattern, argument in zip(patterns, arguments, strict=True):
            if isinstance(argument, Typed):
                continue
            *inputs, output = pattern.of
            body = argument([_filled(each, bound) for each in inputs])
            if _unify(output, body.type, bound) is None:
                return None
            given.append(_giving(body, _filled(output, bound)))
    return given


def _giving(function: Function, kind: Type) -> Function:
    """The function, with what it gives coerced to a type."""
    if function.type == kind:
        return function

    def body(*arguments: str) -> Typed:
        return replace(casts.coerced(function.body(*arguments), kind), type=kind)

    return Function.of(function.names, body)


def _unify(pattern: Pattern, kind: Type, bound: "Binding") -> int | None:
    """What it costs to take the type for the pattern; None where it cannot be."""
    if pattern.is_variable:
        known = bound.get(pattern.name)
        if isinstance(known, Type):
            both = common(known, kind)
            if both is None:
                return None
            bound[pattern.name] = both
            return 0 if known == kind else 1
        bound[pattern.name] = kind
        return 1
    if kind.name == "unknown":
        for place, part in enumerate(pattern.of):
            if part.is_variable:
                bound.setdefault(part.name, types.UNKNOWN)
            elif part.name.isalpha() and len(part.name) == 1:
                # A null is taken for decimal(1, 0), char(1) or varchar.
                bound.setdefault(part.name, 1 - place if pattern.name != "varchar" else None)
        return 0
    if pattern.name == kind.name:
        return _alike(pattern, kind, bound)
    return _coerced(pattern, kind, bound)


def _alike(pattern: Pattern, kind: Type, bound: "Binding") -> int | None:
    if not pattern.of:
        return 0
    if not kind.of:  # varchar of any length
        if pattern.of[0].name.isdigit():
            return None
        for part in pattern.of:
            bound[part.name] = None
        return 0
    cost = 0
    if len(pattern.of) != len(kind.of):
        return None
    for part, of in zip(pattern.of, kind.of, strict=True):
        if isinstance(of, Type):
            step = _unify(part, of, bound)
            if step is None:
                return None
            cost += step
        elif part.name.isdigit():
            if int(part.name) < of:
                return None
            cost += int(part.name) != of
        else:
            known = bound.get(part.name, of)
            bound[part.name] = None if known is None else max(of, known)  # type: ignore[type-var]
    return cost


def _coerced(pattern: Pattern, kind: Type, bound: "Binding") -> int | None:
    if pattern.name == "decimal" and kind.name in INTEGERS:
        whole = as_decimal(kind)
        return None if _alike(pattern, whole, bound) is None else 6
    if pattern.name.startswith("timestamp") and pattern.of and not pattern.of[0].name.isdigit():
        if kind.name in ("date", "timestamp") and kind.name != pattern.name:
            bound.setdefault(pattern.of[0].name, kind.precision)
            return 4 + pattern.name.endswith("zone")
        return None
    if pattern.name == "time with time zone" and kind.name == "time":
        bound.setdefault(pattern.of[0].name, kind.precision)
        return 5
    if pattern.name == "varchar" and kind.name == "char":
        for part in pattern.of:
            bound.setdefault(part.name, kind.length)
        return 4
    if any(not part.name.isdigit() for part in pattern.of):
        return None
    target = _filled(pattern, bound)
    if not fits(kind, target):
        return None
    return 2 + abs(_WIDTH.get(target.name, 0) - _WIDTH.get(kind.name, 0))


def _filled(pattern: Pattern, bound: "Binding") -> Type:
    if pattern.is_variable:
        known = bound.get(pattern.name, types.UNKNOWN)
        assert isinstance(known, Type)
        return known
    of: list[Type | int] = []
    for part in pattern.of:
        if part.name.isdigit():
            of.append(int(part.name))
        elif len(part.name) == 1 and part.name.islower():
            number = bound.get(part.name)
            if isinstance(number, int):
                of.append(number)
        else:
            of.append(_filled(part, bound))
    if pattern.name == "decimal" and len(of) != 2:
        of = [38, 0]
    elif pattern.name.split(" ")[0] in ("timestamp", "time") and not of:
        of = [3]
    fields = (None,) * len(of) if pattern.name == "row" else ()
    return Type(pattern.name, tuple(of), fields)

"""What DuckDB lacks: macros and Python functions, made on a session where its SQL names them."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType

_NAME = re.compile(r"\bt_\w+")


@dataclass(frozen=True, slots=True)
class _Macro:
    head: str
    body: str

    def make(self, session: duckdb.DuckDBPyConnection) -> None:
        session.execute(f"CREATE MACRO {self.head} AS {self.body}")


@dataclass(frozen=True, slots=True)
class _Python:
    name: str
    parameters: tuple[str, ...]
    result: str
    function: Callable[..., Any]
    refuses: bool = False
    body: str = ""

    def make(self, session: duckdb.DuckDBPyConnection) -> None:
        session.create_function(
            self.name,
            self.function,
            [duckdb.sqltype(each) for each in self.parameters],
            duckdb.sqltype(self.result),
            type=PythonUDFType.ARROW,
            null_handling=FunctionNullHandling.SPECIAL,
        )


class NotKnown(ValueError):
    """A value that Trino takes, and of which it is not known here what Trino makes; the message is
    a sentence. The question is refused, as `faults` tells.

    A function that raises it is declared with `refuses`, so that no TRY makes a null of it.
    """


# DuckDB counts a function's parameters.
_ARITY: Mapping[int, Callable[[Callable[..., Any]], Callable[..., Any]]] = {
    1: lambda f: lambda a: f(a),
    2: lambda f: lambda a, b: f(a, b),
    3: lambda f: lambda a, b, c: f(a, b, c),
    4: lambda f: lambda a, b, c, d: f(a, b, c, d),
}
_KNOWN: dict[str, _Macro | _Python] = {}
_UNKNOWN = object()


def _know(name: str, helper: _Macro | _Python) -> None:
    assert name not in _KNOWN, f"There are two helpers {name}."
    _KNOWN[name] = helper


def macro(head: str, body: str) -> None:
    """Declare a macro, such as `macro("t_half(x)", "x / 2")`; its name begins with `t_`."""
    _know(head.split("(")[0], _Macro(head, body))


def python(
    head: str, result: str, arrow: pa.DataType, *, refuses: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a Python function of a row's values, none of them null, as `t_name(TYPE, TYPE)`.

    It is called once for each distinct row of a batch, and raises `ValueError` with a sentence for
    what is no argument of it; one that `refuses` may raise `NotKnown`.
    """
    name, _, parameters = head.rstrip(")").partition("(")

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        def batch(*columns: Any) -> Any:
            known: dict[tuple[Any, ...], Any] = {}
            found: list[Any] = []
            has_nulls = any(column.null_count for column in columns)
            for values in zip(*(column.to_pylist() for column in columns), strict=True):
                if has_nulls and None in values:
                    found.append(None)
                    continue
                try:
                    made = known.get(values, _UNKNOWN)
                except TypeError:  # a list is in it, which cannot be a key
                    made = function(*values)
                else:
                    if made is _UNKNOWN:
                        known[values] = made = function(*values)
                found.append(made)
            return pa.array(found, arrow)

        kinds = tuple(kind.strip() for kind in parameters.split(",") if kind.strip())
        _know(name, _Python(name, kinds, result, _ARITY[len(kinds)](batch), refuses))
        return function

    return declare


def columns(name: str, parameter: str, result: str, function: Callable[[Any], Any]) -> None:
    """Declare a function of a whole column of Arrow, nulls among its values."""
    _know(name, _Python(name, (parameter,), result, lambda column: function(column)))


def needed(sql: Iterable[str]) -> list[str]:
    """The helpers that some SQL names, and those that these name, each after what it uses."""
    found: dict[str, None] = {}

    def take(text: str) -> None:
        for name in _NAME.findall(text):
            if name in _KNOWN and name not in found:
                take(_KNOWN[name].body)
                found[name] = None

    for text in sql:
        take(text)
    return list(found)


def refusing(sql: str) -> str | None:
    """A helper that some SQL names, by way of others maybe, and that may refuse while it runs."""
    for name in needed([sql]):
        helper = _KNOWN[name]
        if name.startswith("t_refuse") or (isinstance(helper, _Python) and helper.refuses):
            return name
    return None


def install(session: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
    """Make helpers on a session."""
    for name in names:
        _KNOWN[name].make(session)


def known() -> Mapping[str, object]:
    """All helpers, by name."""
    return _KNOWN


# An error with a sentence of ours, which TRY can catch, as it cannot catch DuckDB's `error`.
macro("t_fail(sentence)", "CAST('!' || sentence AS BOOLEAN)")
macro("t_fail_text(sentence)", "CAST(CAST('!' || sentence AS BOOLEAN) AS VARCHAR)")
# An error of what is not known here: as one within TRY would be a null, such SQL is refused before.
macro("t_refuse(sentence)", "CAST('?' || sentence AS BOOLEAN)")
macro("t_refuse_text(sentence)", "CAST(CAST('?' || sentence AS BOOLEAN) AS VARCHAR)")

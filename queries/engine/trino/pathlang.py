"""The language of SQL's JSON paths whole: filters, arithmetic, methods and variables.

By Trino's `PathEvaluationVisitor` and `PathPredicateEvaluationVisitor`, and
https://trino.io/docs/current/functions/json.html
"""

import math
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from queries.engine.trino import pathvalues
from queries.engine.trino.pathpredicates import Predicates
from queries.engine.trino.pathtokens import Items, NoPath, Part, State, Test
from queries.engine.trino.pathvalues import Unmet

__all__ = ["NoPath", "State", "compiled"]


@lru_cache(maxsize=256)
def compiled(path: str, kinds: tuple[tuple[str, str], ...] = ()) -> Items:
    """What finds the items at a path; `NoPath` where it is none. `kinds` are its variables'.

    It raises `Unmet` for what is an error.
    """
    found = re.match(r"\s*(lax|strict)\s+", path)
    if found is None:
        raise NoPath(f"A path of SQL's begins with lax or strict: '{path}'")
    reader = _Reader(path, path[found.end() :], found[1] == "lax", dict(kinds))
    part = reader.expression()
    if reader.tokens or part.kind == "decimal":
        raise reader.unknown()
    return part.items


class _Reader(Predicates):
    """Reads a path, from its tokens on."""

    # Paths

    def expression(self) -> Part:
        part = self.term()
        while sign := self.take("+", "-"):
            part = self.binary(sign, part, self.term())
        return part

    def term(self) -> Part:
        part = self.signed()
        while sign := self.take("*", "/", "%"):
            part = self.binary(sign, part, self.signed())
        return part

    def signed(self) -> Part:
        if sign := self.take("+", "-"):
            of = self.signed()
            return self.each(of, pathvalues.plus if sign == "+" else pathvalues.negative)
        return self.accessor()

    def binary(self, sign: str, left: Part, right: Part) -> Part:
        for part in (left, right):
            if part.kind not in ("", "number"):
                raise self.unknown()

        def items(state: State) -> list[Any]:
            one, other = self.unwrapped(left.items(state)), self.unwrapped(right.items(state))
            if len(one) != 1 or len(other) != 1:
                raise Unmet
            return [
                pathvalues.arithmetic(sign, pathvalues.number(one[0]), pathvalues.number(other[0]))
            ]

        return Part(items, "number")

    def each(self, of: Part, function: Callable[[Any], Any]) -> Part:
        """What a function makes of each item that is a number."""
        if of.kind not in ("", "number"):
            raise self.unknown()
        return Part(
            lambda s: [function(pathvalues.number(x)) for x in self.unwrapped(of.items(s))],
            "number",
        )

    def primary(self) -> Part:
        if self.take("("):
            part = self.expression()
            self.need(")")
            return part
        if self.take("$"):
            return Part(lambda state: [state.root])
        if self.filters and self.take("@"):
            return Part(lambda state: [state.item])
        if self.subscripts and self.take("last"):
            return Part(lambda state: [state.last], "number")
        if not self.tokens:
            raise self.unknown()
        how, told = self.tokens.pop(0)
        if how == "variable":
            if told[1:] not in self.kinds:
                error = NoPath(f"The JSON path '{self.path}' names {told}, which is not passed")
                error.certain = True
                raise error
            return Part(lambda state: [state.variables[told[1:]]], self.kinds[told[1:]])
        if how == "text":
            return Part(lambda _: [told], "text")
        if how == "number":
            return self.number(told)
        words = {"true": (True, "boolean"), "false": (False, "boolean"), "null": (None, "null")}
        if how != "name" or told not in words:
            raise self.unknown()
        value, kind = words[told]
        return Part(lambda _: [value], kind)

    def number(self, told: str) -> Part:
        value: int | float | Decimal
        kind = "number"
        if "e" in told.lower():
            value = float(told)
        elif "." in told:
            value, kind = Decimal(told), "decimal"
        else:
            value = int(told)
            if value >= 2**63:
                raise self.unknown()
        return Part(lambda _: [value], kind)

    def accessor(self) -> Part:
        part = self.primary()
        while True:
            if self.take("["):
                part = self.elements(part)
            elif self.take(".."):
                part = self.descendants(part, self.key())
            elif self.take("."):
                part = self.member(part)
            elif self.take("?"):
                self.need("(")
                self.filters += 1
                part = self.kept(part, self.either())
                self.filters -= 1
                self.need(")")
            else:
                return part

    def key(self) -> str:
        if not self.tokens or self.tokens[0][0] not in ("text", "name"):
            raise self.unknown()
        return self.tokens.pop(0)[1]

    def member(self, of: Part) -> Part:
        if self.take("*"):
            return self.members(of, None)
        name = self.key()
        if not self.take("("):
            return self.members(of, name)
        self.need(")")
        match name:
            case "abs":
                return self.each(of, pathvalues.absolute)
            case "ceiling" | "floor":
                step = math.ceil if name == "ceiling" else math.floor
                return self.each(of, lambda x: float(step(x)) if isinstance(x, float) else x)
            case "double" if of.kind in ("", "number", "text"):
                double = lambda s: [pathvalues.double(each) for each in self.unwrapped(of.items(s))]  # noqa: E731
                return Part(double, "number")
            case "size":
                return Part(lambda s: [self.size(each) for each in of.items(s)], "number")
            case "type":
                return Part(lambda s: [pathvalues.type_name(each) for each in of.items(s)], "text")
        raise self.unknown()

    def size(self, item: Any) -> int:
        if not isinstance(item, list) and not self.lax:
            raise Unmet
        return len(item) if isinstance(item, list) else 1

    def members(self, of: Part, name: str | None) -> Part:
        def items(state: State) -> list[Any]:
            found: list[Any] = []
            for item in self.unwrapped(of.items(state)):
                if isinstance(item, dict) and name is None:
                    found += item.values()
                elif isinstance(item, dict) and name in item:
                    found.append(item[name])
                elif not self.lax:
                    raise Unmet
            return found

        return Part(items)

    def descendants(self, of: Part, name: str) -> Part:
        def below(item: Any) -> list[Any]:
            if isinstance(item, dict):
                own = [item[name]] if name in item else []
                return own + [each for value in item.values() for each in below(value)]
            return [each for one in item for each in below(one)] if isinstance(item, list) else []

        return Part(lambda state: [each for item in of.items(state) for each in below(item)])

    def elements(self, of: Part) -> Part:
        self.subscripts += 1
        pairs: list[tuple[Part, Part]] = []
        while not self.take("*"):
            first = self.expression()
            pairs.append((first, self.expression() if self.take("to") else first))
            if {"decimal", "text", "boolean", "null"} & {part.kind for part in pairs[-1]}:
                raise self.unknown()
            if not self.take(","):
                break
        self.subscripts -= 1
        self.need("]")

        def of_array(state: State, item: Any) -> list[Any]:
            if not isinstance(item, list):
                if not self.lax:
                    raise Unmet
                item = [item]
            if not pairs:
                return list(item)
            if not item and not self.lax:
                raise Unmet
            inner = replace(state, last=len(item) - 1)
            found: list[Any] = []
            for pair in pairs if item else ():
                first, last = (pathvalues.index(part.items(inner)) for part in pair)
                if not self.lax and not 0 <= first <= last < len(item):
                    raise Unmet
                found += item[max(first, 0) : max(last + 1, 0)]
            return found

        return Part(lambda state: [e for item in of.items(state) for e in of_array(state, item)])

    def kept(self, of: Part, test: Test) -> Part:
        def items(state: State) -> list[Any]:
            found = self.unwrapped(of.items(state))
            return [each for each in found if test(replace(state, item=each)) is True]

        return Part(items, of.kind)

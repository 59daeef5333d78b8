"""Predicates of filters in SQL's JSON paths: true, false, or None for what is not known.

By Trino's `PathPredicateEvaluationVisitor`.
"""

from abc import ABC, abstractmethod
from typing import Any

from queries.engine.trino import pathvalues
from queries.engine.trino.pathtokens import NoPath, Part, State, Test, Tokens
from queries.engine.trino.pathvalues import Unmet


class Predicates(Tokens, ABC):
    """Reads predicates."""

    @abstractmethod
    def expression(self) -> Part:
        """A path, with its arithmetic."""

    @abstractmethod
    def primary(self) -> Part:
        """What a path begins with."""

    def either(self) -> Test:
        tests = [self.both()]
        while self.take("||"):
            tests.append(self.both())
        return tests[0] if len(tests) == 1 else lambda state: _any(t(state) for t in tests)

    def both(self) -> Test:
        tests = [self.test()]
        while self.take("&&"):
            tests.append(self.test())
        if len(tests) == 1:
            return tests[0]
        return lambda state: _not(_any(_not(t(state)) for t in tests))

    def test(self) -> Test:
        if self.take("!"):
            test = self.delimited()
            return lambda state: _not(test(state))
        if self.tokens[:2] == [("name", "exists"), ("sign", "(")]:
            return self.delimited()
        before = list(self.tokens)
        try:
            return self.comparison()
        except NoPath:
            self.tokens = before
        test = self.delimited()
        if not self.take("is"):
            return test
        self.need("unknown")
        return lambda state: test(state) is None

    def delimited(self) -> Test:
        if self.take("exists"):
            self.need("(")
            part = self.expression()
            self.need(")")
            return lambda state: None if (found := _asked(part, state)) is None else bool(found)
        self.need("(")
        test = self.either()
        self.need(")")
        return test

    def comparison(self) -> Test:
        left = self.expression()
        if self.take("starts"):
            self.need("with")
            return self.started(left, self.primary())
        sign = self.take(*pathvalues.COMPARED)
        if sign is None:
            raise self.unknown()
        right = self.expression()
        if left.kind and right.kind:  # Trino looks at the types of constants before it runs
            raise self.unknown()

        def test(state: State) -> bool | None:
            one, other = _asked(left, state), _asked(right, state)
            if one is None or other is None:
                return None
            return self.compared(sign, self.unwrapped(one), self.unwrapped(other))

        return test

    def compared(self, sign: str, left: list[Any], right: list[Any]) -> bool | None:
        if any(pathvalues.nested(a) and b is not None for a in left for b in right):
            return None
        if any(pathvalues.nested(b) and a is not None for a in left for b in right):
            return None
        found = False
        pairs = [(a, b) for a in left for b in right]
        for a, b in sorted(pairs, key=lambda pair: pair[0] is not None and pair[1] is not None):
            if a is None or b is None:
                same = a is None and b is None
                result: bool | None = same if sign == "==" else not same and sign in ("<>", "!=")
            else:
                result = pathvalues.scalars(sign, a, b)
            if result is None:
                return None
            found = found or result
            if found and self.lax:
                return True
        return found

    def started(self, of: Part, prefix: Part) -> Test:
        if of.kind not in ("", "text") or prefix.kind not in ("", "text"):
            raise self.unknown()

        def test(state: State) -> bool | None:
            values, first = _asked(of, state), _asked(prefix, state)
            if (
                values is None
                or first is None
                or len(first) != 1
                or not pathvalues.is_text(first[0])
            ):
                return None
            found = False
            for value in self.unwrapped(values):
                if not pathvalues.is_text(value):
                    return None
                found = found or value.startswith(first[0])
                if found and self.lax:
                    return True
            return found

        return test


def _asked(part: Part, state: State) -> list[Any] | None:
    try:
        return part.items(state)
    except Unmet:
        return None


def _any(tests: Any) -> bool | None:
    open_ = False
    for test in tests:
        if test:
            return True
        open_ = open_ or test is None
    return None if open_ else False


def _not(test: bool | None) -> bool | None:
    return None if test is None else not test

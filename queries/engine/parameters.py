"""Binding values to a question: every `:name` becomes a literal of its type, and nothing else."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from queries.engine import lexer
from queries.engine.errors import BadParameter, BadSQL, hint
from queries.engine.library import Parameter, Question
from queries.engine.values import NotA, literal, typed


@dataclass(frozen=True, slots=True)
class Bound:
    """A question ready to run: `sql` as the engine gets it, `source` as it was written.

    `moves` holds each placeholder: its literal's start and end in `sql`, its own in `source`.
    """

    name: str
    source: str
    sql: str
    moves: tuple[tuple[int, int, int, int], ...] = ()

    def origin(self, position: int) -> int:
        """The place in `source` of a place in `sql`; of a literal, where its placeholder starts."""
        shift = 0
        for begin, end, start, stop in self.moves:
            if position < begin:
                break
            if position < end:
                return start
            shift = stop - end
        return position + shift


def bind(question: Question, values: Mapping[str, object], today: date) -> Bound:
    """The question with its parameters filled in. `BadParameter` for one that is missing, unknown
    or of another type; `BadSQL` for what is not one SELECT.
    """
    sql = question.sql
    literals = _literals(question, values, today)
    pieces: list[str] = []
    moves: list[tuple[int, int, int, int]] = []
    used: set[str] = set()
    taken = written = 0
    for match in _tokens(sql):
        name = match["name"]
        if name is None:
            continue
        if name not in literals:
            raise BadParameter(
                f'The parameter "{name}" is missing.', sql=sql, position=match.start()
            )
        pieces += (sql[taken : match.start()], literals[name])
        begin = written + match.start() - taken
        written = begin + len(literals[name])
        taken = match.end()
        moves.append((begin, written, match.start(), taken))
        used.add(name)
    for name in values:
        if name not in used:
            raise BadParameter(_unknown(question, name, used))
    return Bound(question.name, sql, "".join(pieces) + sql[taken:], tuple(moves))


def _literals(question: Question, values: Mapping[str, object], today: date) -> dict[str, str]:
    if question.parameters is None:
        return {name: _literal(name, value) for name, value in values.items()}
    known = {parameter.name for parameter in question.parameters}
    for name in values:
        if name not in known:
            raise BadParameter(_unknown(question, name, known))
    return {
        parameter.name: _declared(parameter, values, today)
        for parameter in question.parameters
        if parameter.name in values or parameter.default is not None
    }


def _declared(parameter: Parameter, values: Mapping[str, object], today: date) -> str:
    value = values.get(parameter.name, parameter.default)
    optional = parameter.default == "null"
    if value is None or (optional and parameter.name not in values):
        if not optional:
            raise BadParameter(f'The parameter "{parameter.name}" cannot be null.')
        return f"CAST(NULL AS {parameter.type.replace('string', 'varchar')})"
    try:
        return literal(typed(value, parameter.type, today))
    except NotA as error:
        raise _not_a(parameter.name, value, error) from None


def _literal(name: str, value: object) -> str:
    try:
        return literal(value)
    except NotA as error:
        raise _not_a(name, value, error) from None


def _not_a(name: str, value: object, error: NotA) -> BadParameter:
    shown = repr(value)
    if len(shown) > 60:
        shown = shown[:57] + "..."
    return BadParameter(f'The parameter "{name}" is {shown}; it must be {error}.')


def _unknown(question: Question, name: str, known: set[str]) -> str:
    subject = "The SQL" if question.parameters is None else f'"{question.name}"'
    return f'{subject} has no parameter "{name}".{hint(name, known)}'


def _tokens(sql: str) -> list[re.Match[str]]:
    """The tokens that matter; checks that they make one statement and that it is a SELECT."""
    tokens = list(lexer.tokens(sql))
    ended = False
    first = None
    for token in tokens:
        if token["open"]:
            what = "comment" if token["open"].startswith("/*") else "quote"
            raise BadSQL(f"This {what} is never closed.", sql=sql, position=token.start())
        if token["comment"]:
            continue
        if token["end"]:
            ended = True
        elif ended:
            raise BadSQL(
                "One statement at a time: a second one starts here.",
                sql=sql,
                position=token.start(),
            )
        elif first is None and not token["mark"]:
            first = token.start()
    if first is None:
        raise BadSQL("There is no SQL to run.")
    if not re.match(r"(?i)(select|with)\b", sql[first:]):
        raise BadSQL("Only SELECT and WITH can be run here.", sql=sql, position=first)
    return tokens

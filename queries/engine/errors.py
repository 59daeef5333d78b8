"""What can go wrong with a question: each error is one sentence that points at the place."""

import difflib
from collections.abc import Iterable


class QueryError(Exception):
    """A question that got no answer. `str()` is a sentence, then the place where there is one.

    Asking again helps only where a subclass says so. `line` and `column` count from 1.
    """

    def __init__(self, sentence: str, *, sql: str = "", position: int | None = None) -> None:
        self.sentence = sentence
        self.line: int | None = None
        self.column: int | None = None
        shown = sentence
        if position is not None:
            before = sql[:position]
            self.line = before.count("\n") + 1
            self.column = position - (before.rfind("\n") + 1) + 1
            shown = f"{sentence}\n{_pointer(sql, self.line, self.column)}"
        super().__init__(shown)

    def _render_traceback_(self) -> list[str]:
        """What Jupyter shows in place of a traceback, which would hide the sentence."""
        return [f"{type(self).__name__}: {self}"]


class UnknownQuestion(QueryError):
    """No shipped question has that name."""


class BadParameter(QueryError):
    """A parameter is missing, unknown, or not of its type."""


class BadSQL(QueryError):
    """The SQL cannot be run as it is: syntax, or a table, column or function nobody knows."""


class Refused(BadSQL):
    """Athena runs this SQL, or may; what it gives is not known here well enough to be the same."""


class StageNotUp(QueryError):
    """The stage does not answer. Asking again helps once it is up."""


class NoLikes(QueryError):
    """The lake holds no likes yet. Asking again helps once it does."""


class EngineFailed(QueryError):
    """The engine gave up while it ran: no permission, throttled, data it cannot read, cancelled."""


class NotEstimated(QueryError):
    """What the question would scan cannot be told beforehand."""


class TooExpensive(QueryError):
    """The question would scan more than was allowed; nothing was read."""


def reason(error: Exception) -> str:
    """What a library says went wrong, as the end of a sentence."""
    if type(error).__name__ == "NoRegionError":
        return "no AWS region is set; set AWS_REGION, for example to eu-west-1"
    return str(error).splitlines()[0].rstrip(".")


def nearest(name: str, known: Iterable[str]) -> str:
    """` Did you mean "…"?`, with a blank before it, or nothing if no known name is near."""
    names = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    return f' Did you mean "{names[close[0]]}"?' if close else ""


def hint(name: str, known: Iterable[str]) -> str:
    """The nearest known name, or all of them if none is near; with a blank before it."""
    names = sorted(known)
    listed = f" There are: {', '.join(names)}." if names else " There are none."
    return nearest(name, names) or listed


def _pointer(sql: str, line: int, column: int) -> str:
    """The line of the SQL with a caret under the place; a long line shows what is around it."""
    text = sql.split("\n")[line - 1].replace("\t", " ").rstrip("\r")
    start = max(0, column - 61)
    label = f"line {line}, column {column}: "
    return f"{label}{text[start : start + 120]}\n{' ' * (len(label) + column - 1 - start)}^"

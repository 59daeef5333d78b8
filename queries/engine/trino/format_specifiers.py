"""The specifiers of a format string, and what each says of the text that it stands for."""

import re
from dataclasses import dataclass
from functools import lru_cache

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino.types import Type

_SPECIFIER = re.compile(r"%(?:(\d+)\$|(<))?([-#+ 0,(<]*)([1-9]\d*)?(?:\.(\d+))?([tT]?)([a-zA-Z%])")


@dataclass(frozen=True, slots=True)
class Specifier:
    """One specifier of the format string `form`: which argument, from 0, and how it is told."""

    form: str
    place: int
    flags: str
    width: int
    precision: int | None
    conversion: str

    @property
    def letter(self) -> str:
        """The conversion, whether in capitals or not."""
        return self.conversion.lower()

    def wrong(self, kind: Type) -> BadSQL:
        """The error of a value of a type that it does not take."""
        return invalid(self.form, f"{self.conversion} does not take {kind}")

    def not_known(self) -> Refused:
        """The error of a conversion of Java's that is not done here."""
        return Refused(f'"%{self.conversion}" of format is not known here.')

    def shaped(self, sql: str) -> str:
        """SQL of a text, or of null, in capitals and as wide as is wanted."""
        told = f"coalesce({sql}, 'null')"
        if self.conversion[0].isupper():
            told = f"upper({told})"
        if self.width:
            side = "rpad" if "-" in self.flags else "lpad"
            told = f"{side}({told}, CAST(greatest({self.width}, length({told})) AS INTEGER), ' ')"
        return told


def invalid(form: str, why: str = "") -> BadSQL:
    """The error of a format string."""
    return BadSQL(f"Invalid format string: {form}{why and f' ({why})'}.")


@lru_cache(maxsize=512)
def parsed(form: str) -> tuple[str | Specifier, ...]:
    """The specifiers of a format string, and the text between them; `BadSQL` for what is none."""
    made: list[str | Specifier] = []
    place = following = last = 0
    while place < len(form):
        mark = form.find("%", place)
        if mark < 0:
            made.append(form[place:])
            break
        if mark > place:
            made.append(form[place:mark])
        found = _SPECIFIER.match(form, mark)
        if found is None:
            raise invalid(form)
        index, again, flags, width, precision, t, letter = found.groups()
        if "<" in flags:
            again, flags = "<", flags.replace("<", "")
        if len(set(flags)) < len(flags) or ("-" in flags and "0" in flags):
            raise invalid(form, "its flags")
        if ("-" in flags or "0" in flags) and not width:
            raise invalid(form, "a width is missing")
        if letter in "%n" and not t:
            if (letter == "n" and (width or flags)) or precision or flags.strip("-"):
                raise invalid(form)
            sign, size = "%" if letter == "%" else "\n", int(width or 0)
            made.append(sign.ljust(size) if "-" in flags else sign.rjust(size))
        else:
            if again:
                number = last
            elif index:
                number = int(index)
            else:
                number = following = following + 1
            last = number
            if number < 1:
                raise invalid(form)
            digits = None if precision is None else int(precision)
            made.append(Specifier(form, number - 1, flags, int(width or 0), digits, t + letter))
        place = found.end()
    return tuple(made)

"""Athena's regular expressions (Java's, by Joni) for Python's `re`, and for DuckDB's RE2."""

import re
from functools import lru_cache

# Joni's classes are Unicode's, RE2's are ASCII's.
_CLASSES = {"d": r"\p{Nd}", "w": r"\p{L}\p{M}\p{N}\p{Pc}", "s": r"\t\n\x0b\f\r\x{85}\p{Z}"}
_NEVER = re.compile(r"\\[pPQEGRXKhHvVkgcN]|\[\[|\[\^?[^\]]*(?:&&|\[)")
_MODE = re.compile(r"\(\?([imsx]+)(?:-([imsx]+))?\)")


class NoPattern(ValueError):
    """What is no regular expression, or one that is not known here; the message is a sentence.

    `certain` where it is none to Joni either.
    """

    certain = False


_NEVER_ONE = (
    "unterminated character set",
    "missing ), unterminated subpattern",
    "nothing to repeat",
    "unbalanced parenthesis",
)
"""What Python's `re` says of patterns that are none in any grammar."""


@lru_cache(maxsize=512)
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern for Python; `NoPattern` where there is none."""
    try:
        return re.compile(_python(pattern))
    except (re.error, RecursionError, OverflowError) as error:
        failed = NoPattern(f"'{pattern}' is no regular expression that is known here")
        failed.certain = isinstance(error, re.error) and error.msg in _NEVER_ONE
        raise failed from None


def _python(pattern: str) -> str:
    bare = re.sub(r"\\\\", "  ", pattern)
    if _NEVER.search(bare):
        raise NoPattern(f"'{pattern}' has what is not known here in a regular expression")
    made, place, in_class = "", 0, False
    opened = [0]  # how many brackets to close with each group
    while place < len(pattern):
        rest = pattern[place:]
        letter = pattern[place]
        if letter == "\\" and place + 1 < len(pattern):
            following = pattern[place + 1]
            made += {"z": r"\Z", "Z": r"(?=\n?\Z)", "e": r"\x1b"}.get(following, letter + following)
            place += 2
            continue
        if in_class:
            in_class = letter != "]"
        elif letter == "[":
            in_class = True
            if rest.startswith(("[]", "[^]")):
                raise NoPattern(f"'{pattern}' has an empty class of characters")
        elif mode := _MODE.match(rest):
            off = f"-{mode[2]}" if mode[2] else ""
            made += f"(?{mode[1]}{off}:"
            opened[-1] += 1
            place += mode.end()
            continue
        elif letter == "(":
            opened.append(0)
            if re.match(r"\(\?<[A-Za-z]", rest):
                made += "(?P<"
                place += 3
                continue
        elif letter == ")":
            if len(opened) == 1:
                raise NoPattern(f"'{pattern}' closes a group that was not opened")
            made += ")" * opened.pop()
        made += letter
        place += 1
    return made + ")" * opened[0]


_RE2 = re.compile(
    r"""(?P<plain>[^\\\[\](){}?*+.|^$])|(?P<shorthand>\\[dws])|(?P<escape>\\[^A-Za-z0-9])
    |(?P<control>\\[ntrf])|(?P<dot>\.)|(?P<open>\((?:\?:)?(?!\?))|(?P<close>\))
    |(?P<mode>\(\?i\))|(?P<repeat>(?:[*+?]|\{\d{1,3}(?:,\d{0,3})?\})\??(?!\+))|(?P<or>\|)
    |(?P<start>\^)|(?P<class>\[\^?(?:\\[dws]|\\[^A-Za-z0-9]|\\[ntrf]|[^\\\[\]&])+\])|(?P<end>\$)""",
    re.VERBOSE,
)


def re2(pattern: str, *, only_tested: bool = False) -> str | None:
    """The pattern for RE2 where it means the same there, and matches no empty text; else None.

    `only_tested` is for where no more than whether it matches is asked.
    """
    if not only_tested and (compiled(pattern).match("") or "?" in pattern and not pattern):
        return None
    if not only_tested and _may_be_empty(pattern):
        return None
    made, place = "", 0
    while place < len(pattern):
        found = _RE2.match(pattern, place)
        if found is None:
            return None
        token = found[0]
        match found.lastgroup:
            case "shorthand":
                token = f"[{_CLASSES[token[1]]}]"
            case "class":
                token = re.sub(r"\\([dws])", lambda each: _CLASSES[each[1]], token)
            case "end":
                if not only_tested or found.end() != len(pattern):
                    return None
                token = r"\n?\z"
            case "start" if place > 0:
                return None
        made += token
        place = found.end()
    return made


def _may_be_empty(pattern: str) -> bool:
    from re import _parser  # type: ignore[attr-defined]

    least: int = _parser.parse(compiled(pattern).pattern).getwidth()[0]
    return least == 0


def is_certain(pattern: str) -> bool:
    """Whether every group takes part in every match."""
    return "|" not in pattern and not re.search(r"\)[?*{]", pattern)


def replacement(text: str, pattern: re.Pattern[str]) -> "list[str | int]":
    """A replacement as Java writes it: texts, and the numbers of groups; `NoPattern` for none."""
    made: list[str | int] = [""]

    def add(piece: str) -> None:
        if isinstance(made[-1], str):
            made[-1] += piece
        else:
            made.append(piece)

    place = 0
    while place < len(text):
        letter = text[place]
        if letter == "\\":
            if place + 1 == len(text):
                raise NoPattern("A replacement ends in a backslash")
            add(text[place + 1])
            place += 2
        elif letter != "$":
            add(letter)
            place += 1
        elif named := re.compile(r"\$\{([A-Za-z0-9_]+)\}").match(text, place):
            if named[1] not in pattern.groupindex:
                raise NoPattern(f"There is no group named '{named[1]}'")
            made.append(pattern.groupindex[named[1]])
            place = named.end()
        elif digits := re.compile(r"\$(\d+)").match(text, place):
            length = 1
            while length < len(digits[1]) and int(digits[1][: length + 1]) <= pattern.groups:
                length += 1
            number = int(digits[1][:length])
            if number > pattern.groups:
                raise NoPattern(f"There is no group {number}")
            made.append(number)
            place += 1 + length
        else:
            raise NoPattern("A group of a replacement is told by its number")
    return made

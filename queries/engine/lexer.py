"""SQL as tokens, as far as it matters where comments, quotes and statements begin and end."""

import re
from collections.abc import Iterator

# What may hold a colon, a semicolon or a quote without meaning it comes first. An opening quote
# or comment that it did not take never closes, and what follows is in it.
_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/)
    |(?P<quoted>'(?:[^']|'')*+'|"(?:[^"]|"")*+")
    |(?<![:\w]):(?P<name>[A-Za-z_]\w*)
    |(?P<open>(?:['"]|/\*).*)
    |(?P<end>;)
    |(?P<word>[^\s(:;'"/-]+|[/-])
    |(?P<mark>[(:])""",
    re.DOTALL | re.VERBOSE,
)


def tokens(sql: str) -> Iterator[re.Match[str]]:
    """All but blanks; `lastgroup` tells what a token is, `name` being a placeholder's."""
    return _TOKEN.finditer(sql)


def split(text: str) -> tuple[list[str], str]:
    """The statements that a `;` ends, without it, and the rest: whatever may come of it yet.

    They begin without comments; those that hold nothing else are left out.
    """
    statements = []
    start = None
    for token in tokens(text):
        if token.lastgroup == "end":
            if start is not None:
                statements.append(text[start : token.start()].strip())
            start = None
        elif start is None and token.lastgroup != "comment":
            start = token.start()
    return statements, "" if start is None else text[start:].strip()

"""Ids of people taken out of text: JSON, however it is nested or escaped, and text that is none.

An id counts where it stands as a word of its own, so `user-1` is not found in `user-12`. One that
is short, or a number, means other things too; it counts only as what a key says is a user, such as
`"user_id": 7`. A value that is the id becomes null, within a longer text it becomes `forgotten`.
"""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import pyarrow as pa
import pyarrow.compute

pc: Any = pyarrow.compute  # its types do not know of regular expressions over bytes

WORD = b"forgotten"
SURE = 6
"""Characters from which on an id, if it is no number, means nothing else."""
_SHORT = '"\\/'
"""Characters that JSON escapes with a backslash alone; ids have no controls."""
_LETTERS = rb"\x80-\xff"
"""Bytes of letters beyond ASCII, in UTF-8; what is none may have any bytes beside an id."""
_BEFORE = rb"(?:(?<![\w@%s.-])|(?<=[^\w]\.)|(?<=\\[bfnrt])|(?<=\\u[0-9a-fA-F]{4}))"
_AFTER = rb"(?![\w@%s-]|\.\w)"
_QUOTE = rb"(?P<quote>\\*[\"'])"
_USER = rb"(?P<key>(?i:user(?:[_-]?(?:id|name|key|uuid|ref|number|no))?)(?:\\*[\"'])?\s*[:=]\s*)"
_ESCAPE = re.compile(rb"\\+u([0-9a-fA-F]{4})")
_ESCAPES = re.compile(rb"(?:\\+u[0-9a-fA-F]{4})+")


class Texts:
    """The ids of people, to be found in text and taken out of it."""

    def __init__(self, users: Sequence[str]) -> None:
        """Take the ids that are to be found."""
        self.users = tuple(dict.fromkeys(users))
        # Whoever looks at bytes finds all that may hold one, and has a closer look at those: where
        # characters may be escaped, as JSON and addresses do it, any of them may be.
        marks = [r"\\[u\\]"]
        if any(character in _SHORT for user in self.users for character in user):
            marks = [r"\\"]
        if any(quote(user, safe="") != user for user in self.users):
            marks.append("%[0-9a-fA-F]{2}")
        self.pattern = "|".join([*sorted(map(re.escape, self.users)), *marks])
        self._patterns: dict[tuple[str, bool], _Patterns] = {}

    def may_hold(self, texts: Any) -> Any:
        """Tell of each text in an Arrow array whether it may hold an id; null where there is none.

        It is RE2 that looks, whose time does not grow with the ids that it looks for.
        """
        return pc.match_substring_regex(texts, self.pattern)

    def may_be_in(self, data: bytes) -> bool:
        """Tell whether bytes may hold an id."""
        return bool(self.may_hold(pa.scalar(data, pa.large_binary())).as_py())

    def cleaned(self, data: bytes) -> bytes:
        """Give a text without the ids; the same bytes where it holds none."""
        meant = _as_meant(data)
        for user in self.users:
            if user.encode() in meant or user.replace("\\", "").encode() in meant:
                which = user, _is_utf8(data)
                if which not in self._patterns:  # it takes milliseconds to make
                    self._patterns[which] = _Patterns(*which)
                data = self._patterns[which].cleaned(data)
        return data


class _Patterns:
    """What one id looks like in text."""

    def __init__(self, user: str, utf8: bool) -> None:
        escaped = b"".join(map(_forms, user))
        letters = _LETTERS if utf8 else b""
        one = _BEFORE % letters + escaped + _AFTER % letters
        value = rb"(?:" + _QUOTE + escaped + rb"(?P=quote)|" + one + rb")"
        self._of_a_user = re.compile(_USER + value)
        # A number may be any other, and so may a short word.
        sure = len(user) >= SURE and not user.isdecimal()
        named = len(user) >= SURE
        self._value = re.compile(_QUOTE + escaped + rb"(?P=quote)(?!\s*:)") if named else None
        self._word = re.compile(one) if sure else None

    def cleaned(self, data: bytes) -> bytes:
        data = self._of_a_user.sub(lambda found: found["key"] + b"null", data)
        if self._value:
            data = self._value.sub(b"null", data)
        if self._word:
            data = self._word.sub(WORD, data)
        return data


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _as_meant(data: bytes) -> bytes:
    """Give a text, and after it the same without the escapes of JSON and of addresses."""
    if b"\\" not in data and b"%" not in data:
        return data
    told = _ESCAPES.sub(_characters, unquote_to_bytes(data))
    return data + b"\n" + told.replace(b"\\", b"")


def _characters(escapes: re.Match[bytes]) -> bytes:
    units = bytes.fromhex("".join(map(bytes.decode, _ESCAPE.findall(escapes[0]))))
    return units.decode("utf-16-be", "replace").encode()


def _forms(character: str) -> bytes:
    """Give a regular expression for a character as it is, as JSON escapes it, at any depth of JSON
    within JSON, and as an address does."""
    literal = re.escape(character.encode())
    units = character.encode("utf-16-be").hex()
    escaped = b"".join(
        rb"\\+u(?i:" + units[n : n + 4].encode() + rb")" for n in range(0, len(units), 4)
    )
    forms = [literal, escaped]
    if character in _SHORT:
        forms.insert(0, rb"\\+" + literal)
    quoted = quote(character, safe="")
    if quoted != character:
        forms.append(rb"(?i:" + re.escape(quoted.encode()) + rb")")
    return b"(?:" + b"|".join(forms) + b")"

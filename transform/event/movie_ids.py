"""What a film's id is: 1 to 64 letters, digits, dots, underscores, colons and hyphens."""

import re

from transform.event.invalid import InvalidLike

BLANKS = " \t\r\n"
"""What may stand around a value, and is cut off."""
_MOVIE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def parse(text: str) -> str:
    """Give the film's id without blanks around it; raises `InvalidLike` where it is none."""
    trimmed = text.strip(BLANKS)
    if _MOVIE_ID.fullmatch(trimmed) is None:
        raise InvalidLike(
            "bad_movie_id", "movie_id is 1 to 64 letters, digits, dots, underscores, : or -."
        )
    return trimmed


class _MovieIds(dict[str, bool]):
    """Remembers which texts are ids of films, for the same come again and again."""

    def __missing__(self, text: str) -> bool:
        if len(self) >= 65_536:
            self.clear()
        found = self[text] = _MOVIE_ID.fullmatch(text) is not None
        return found


is_movie_id = _MovieIds()
"""Text -> whether it is a film's id without blanks around it."""

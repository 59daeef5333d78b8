"""Lines of a file or pipe on their way to the API: which are JSON, each with an event id."""

from collections.abc import Iterable, Iterator
from time import time
from typing import BinaryIO, NamedTuple

import msgspec

from transform.event import event_ids


class Item(NamedTuple):
    """One like as it is sent, and the line it stood in, from 1."""

    line: int
    data: bytes


class Refused(NamedTuple):
    """A line that is no like, and why."""

    line: int
    reason: str
    detail: str


def bounded(file: BinaryIO, longest: int) -> Iterator[bytes]:
    """The lines of a file in pieces of at most `longest + 1` bytes, so that a file without line
    breaks does not fill the memory; what follows a cut is left out."""
    while piece := file.readline(longest + 1):
        yield piece
        while len(piece) > longest and not piece.endswith(b"\n"):
            piece = file.readline(longest + 1)


def read(source: Iterable[bytes], longest: int) -> Iterator[tuple[int, Item | Refused | None]]:
    """For each line its size in bytes, and what there is to send or why not; None if blank."""
    for number, raw in enumerate(source, 1):
        line = raw.strip(b" \t\r\n")
        yield len(raw), _item(number, line, longest) if line else None


def _item(number: int, line: bytes, longest: int) -> Item | Refused:
    if len(line) > longest:
        return Refused(number, "too_large", f"A line has at most {longest} bytes.")
    line = line.removeprefix(b"\xef\xbb\xbf")
    try:
        value = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return Refused(number, "not_json", f"This is no JSON in UTF-8: {error}.")
    except RecursionError:
        return Refused(number, "too_deep", "The JSON is nested too deep.")
    if isinstance(value, dict) and not _has_id(value):
        line = _with_id(line)
    return Item(number, line)


def _has_id(fields: dict[str, object]) -> bool:
    """Whether the API will see an event id: blank text and null are none."""
    for name in ("event_id", "eventId"):
        value = fields.get(name)
        if value is not None and not (isinstance(value, str) and not value.strip()):
            return True
    return False


def _with_id(line: bytes) -> bytes:
    """The line with an event id of its own; the other fields keep their text."""
    fields = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    fields.pop("eventId", None)
    fields["event_id"] = msgspec.Raw(
        msgspec.json.encode(event_ids.time_ordered(int(time() * 1000)))
    )
    return msgspec.json.encode(fields)

"""What is written down of a backfill, so that it goes on where a crash left it, and ends once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from infra.cli.backfill.json_rows import Unit
from infra.cli.backfill.layout import Layout
from transform.aws.buckets import Bucket, Conflict
from transform.aws.lake_writer import CONFLICTS, Contended
from transform.lake import keys

PREFIX = keys.BACKFILLS


class Request(msgspec.Struct, frozen=True):
    """What was asked for: a run that asks for the same goes on with what is open of it."""

    files: tuple[str, ...]
    fields: dict[str, str] = {}
    where: str | None = None
    unit: Unit = "ms"
    zone: str | None = None
    layout: Layout = Layout()
    only_mapped: bool = False
    values: dict[str, dict[str, str]] = {}


class Progress(msgspec.Struct, frozen=True):
    """How far a version of a file is in the lake: so many lines of it, and whether that is all."""

    version: str
    lines: int
    whole: bool = False

    def further(self, other: Progress | None) -> Progress:
        """Give the one that is further, of two of a version; this one, where they are of two."""
        if other is None or other.version != self.version:
            return self
        return max(self, other, key=lambda one: (one.whole, one.lines))


class Totals(msgspec.Struct, frozen=True):
    """What came of the lines so far; `new` are the likes that the lake did not have, as far as a
    run lived to tell of them."""

    lines: int = 0
    likes: int = 0
    rejected: int = 0
    new: int = 0

    def __add__(self, other: Totals) -> Totals:
        """Add what came of other lines."""
        mine, more = msgspec.structs.astuple(self), msgspec.structs.astuple(other)
        return Totals(*(a + b for a, b in zip(mine, more, strict=True)))

    @property
    def duplicates(self) -> int:
        """Likes that the lake had, or that came more than once."""
        return self.likes - self.new


class Ledger(msgspec.Struct, frozen=True):
    """A backfill: what was asked for, how far it is, and what it came to.

    Its number stands in the rows that it brought. First files are merged; then the lake adjusts
    the counts by what it holds, and trends are restated. `began` and `ended` are in epoch
    milliseconds; of several `runs`, all but one were cut off, or ran beside another. An earlier
    version kept here what it had counted itself: see `adjusting.Earlier`.
    """

    number: int
    request: Request
    began: int
    files: dict[str, Progress] = {}
    totals: Totals = Totals()
    runs: int = 1
    counts: dict[str, int] | None = None
    counted: bool = False
    ended: int | None = None


def key(number: int) -> str:
    """Give where the ledger of a backfill rests."""
    return f"{PREFIX}{number:06}.json"


class Ledgers:
    """All backfills of a stage."""

    def __init__(self, bucket: Bucket) -> None:
        """Keep them in the lake's bucket."""
        self._bucket = bucket

    def all(self) -> Iterator[Ledger]:
        """Give every backfill, the first one first."""
        for one in self._bucket.list(PREFIX):
            found = self._bucket.read(one.key)
            if found:
                yield msgspec.json.decode(found[0], type=Ledger)

    def open(self, request: Request, now: int, known: Iterable[Ledger]) -> Ledger:
        """Give the one of those known that goes on with what was asked for, or a new one."""
        number = 1
        for ledger in known:
            if ledger.request == request and ledger.ended is None:
                return self.change(
                    ledger.number, lambda one: msgspec.structs.replace(one, runs=one.runs + 1)
                )
            number = ledger.number + 1
        for _ in range(CONFLICTS):
            ledger = Ledger(number, request, now)
            try:
                self._bucket.put(key(number), _encode(ledger), None)
                return ledger
            except Conflict:
                number += 1
        raise Contended(f"Others began {CONFLICTS} backfills at the same moment.")

    def change(self, number: int, how: Callable[[Ledger], Ledger]) -> Ledger:
        """Change a ledger, whatever others change meanwhile; gives what it is then."""
        for _ in range(CONFLICTS):
            found = self._bucket.read(key(number))
            if found is None:
                raise FileNotFoundError(f"{key(number)} was removed by somebody else.")
            changed = how(msgspec.json.decode(found[0], type=Ledger))
            body = _encode(changed)
            if body == found[0]:
                return changed
            try:
                self._bucket.put(key(number), body, found[1])
                return changed
            except Conflict:
                continue
        raise Contended(f"{key(number)} was changed by others {CONFLICTS} times.")


def _encode(ledger: Ledger) -> bytes:
    return msgspec.json.encode(ledger, order="deterministic")

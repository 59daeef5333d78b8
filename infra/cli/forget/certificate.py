"""What says how people were forgotten: where was looked, and what came of it; not who they were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec

from infra.cli.output.tables import counted
from transform.lake.tombstones import PEOPLE

FOLDER = "forgotten/certificates/"
QUERY = "SELECT count(*) AS likes FROM {table} WHERE user_id = :user"
TABLES = ("likes", "likes_raw")
COLUMNS = ("place", "searched", "bytes", "held", "rows", "rewritten", "removed", "stays")


class Place(msgspec.Struct):
    """A place: versions of objects (or items, or files) that were searched, their bytes, how many
    held an id, and in how many rows or lines; what was rewritten, and removed for good.

    `stays` tells in how many rows an id stands where it cannot be taken out, by column.
    """

    place: str
    searched: int = 0
    bytes: int = 0
    held: int = 0
    rows: int = 0
    rewritten: int = 0
    removed: int = 0
    stays: dict[str, int] = {}


class Version(msgspec.Struct, frozen=True):
    """A version of an object that was removed for good."""

    bucket: str
    key: str
    version: str


class Certificate(msgspec.Struct):
    """A run. Times are epoch milliseconds; `people` are the keyed hashes of ids, of which a dry run
    may have none: there is no key before somebody is forgotten.

    `final` says that no like from before the forgetting can be on its way any more, which may be so
    as long as the stream keeps them: from `again_after` on a run is.
    """

    stage: str
    asked: int
    people: list[str]
    since: int
    began: int
    ended: int
    dry_run: bool
    again_after: int
    final: bool
    places: list[Place] = []
    days: list[str] = []
    """Days of `likes` that were rewritten."""
    objects: list[str] = []
    """Other objects that were."""
    versions: list[Version] = []
    """What was removed for good."""
    query: str = QUERY
    finds: dict[str, int] = {}
    """What it finds now, by table, of all people together; nothing where nobody asked."""
    notes: list[str] = []

    @property
    def stays(self) -> bool:
        """Tell that an id stands where it cannot be taken out."""
        return any(sum(place.stays.values()) for place in self.places)

    @property
    def bytes(self) -> int:
        """How many bytes were searched."""
        return sum(place.bytes for place in self.places)


def key(one: Certificate, chance: str) -> str:
    """Give where a certificate rests."""
    return (
        f"{FOLDER}{datetime.fromtimestamp(one.began / 1000, UTC):%Y-%m-%dT%H-%M-%S}-{chance}.json"
    )


def fields(one: Certificate, at: str | None) -> dict[str, object]:
    """Give all of it for programs."""
    told: dict[str, object] = msgspec.to_builtins(one)
    return told | {"certificate": at}


def rows(one: Certificate) -> Iterator[tuple[object, ...]]:
    """Give the places as rows of `COLUMNS`."""
    for place in one.places:
        stays = ", ".join(f"{column}: {count:,}" for column, count in place.stays.items() if count)
        yield (place.place, place.searched, place.bytes, place.held, place.rows, place.rewritten,
               place.removed, stays)  # fmt: skip


def told(one: Certificate, at: str | None) -> str:
    """Say in words what came of it."""
    return "\n".join(_sentences(one, at))


def _sentences(one: Certificate, at: str | None) -> Iterable[str]:
    held = sum(place.held for place in one.places)
    people = "1 person" if one.asked == 1 else f"{one.asked:,} people"
    would = "would be " if one.dry_run else ""
    yield (
        f"{people}: {counted(one.bytes, 'byte')} searched, "
        f"{counted(held, 'object')} held an id in {sum(place.rows for place in one.places):,} rows."
    )
    days = sum(place.rewritten for place in one.places if place.place == "likes/")
    others = sum(place.rewritten for place in one.places) - days
    removed = sum(place.removed for place in one.places)
    yield (
        f"{counted(days, 'day')} of likes and {counted(others, 'other object')} {would}rewritten, "
        f"{counted(removed, 'version')} {would}removed for good."
    )
    for table, count in one.finds.items():
        yield f"{QUERY.format(table=table)}: {count:,}"
    if one.stays:
        yield "An id stands where it cannot be taken out: see what stays."
    yield from one.notes
    if one.dry_run:
        return
    if not one.final:
        yield (
            f"The stream may still hold likes from before. They become anonymous as they are merged"
            f"; give the same command again after {_time(one.again_after)}, for the raw files of "
            "those."
        )
    yield f"The tombstones are in {PEOPLE}, the certificate is {at}."


def _time(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment / 1000, UTC):%Y-%m-%d %H:%M} UTC"

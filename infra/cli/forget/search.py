"""The search of every version of every object, until a pass finds no id any more."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from infra.cli.forget.certificate import Place
from infra.cli.forget.certificate import Version as Removed
from transform.aws import object_versions, tending
from transform.aws.buckets import Bucket, Conflict
from transform.aws.lake_writer import Days, Power, opened
from transform.aws.object_versions import Version
from transform.lake import erased_files, keys
from transform.lake.erased_files import Found
from transform.lake.erasure import Texts
from transform.lake.tombstones import Forgotten

THREADS = 4
WAITING = 4 * THREADS
"""Objects that are read ahead: each lies in a file of its own meanwhile."""
PASSES = 8


class Restless(Exception):
    """Others brought an id in faster than it was taken out; nothing is lost."""


def take_out(
    bucket: Bucket,
    results: Bucket,
    who: Forgotten,
    texts: Texts,
    power: Power,
    dry_run: bool = False,
    tell: Callable[[int], None] = lambda size: None,
) -> Search:
    """Take ids out of the lake's bucket, and remove the query results that hold them; `who` has
    their tombstones. Gives what was searched, and what came of it."""
    with opened(bucket, power) as days:
        days.staging.forgotten, days.cleans = replace(who, texts=texts), True
        search = Search(bucket, results, days, texts, dry_run, tell)
        search.run()
        if not dry_run:
            tending.refresh(days)  # totals that a run left stale which was cut off
    return search


@dataclass(slots=True)
class Search:
    """A search of the lake's bucket, and of that of query results, which are removed.

    Nothing is written down on the way. Whoever is cut off leaves some objects without the ids and
    some as they were, and the next run finds those.
    """

    lake: Bucket
    results: Bucket
    days: Days
    texts: Texts
    dry_run: bool = False
    tell: Callable[[int], None] = lambda size: None
    places: dict[str, Place] = field(default_factory=dict)
    rewritten_days: set[str] = field(default_factory=set)
    objects: list[str] = field(default_factory=list)
    removed: list[Removed] = field(default_factory=list)
    _known: dict[bytes, Found | None] = field(default_factory=dict)
    _stays: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)

    def run(self) -> None:
        """Search, rewrite and remove until there is nothing left; a dry run searches once.

        Raises `Restless`, and what services raise.
        """
        for _ in range(PASSES):
            if not self._pass() or self.dry_run:
                for (place, _key), stays in self._stays.items():
                    self.places[place].stays = dict(stays + Counter(self.places[place].stays))
                return
        raise Restless(
            f"After {PASSES} passes there are still likes of them; give the same command again."
        )

    def _pass(self) -> bool:
        """Search what is not known yet; tells whether any id was found that is to go."""
        held: set[int] = set()
        found = False
        for bucket in (self.lake, self.results):
            gone: list[Version] = []
            for one, has in self._searched(bucket):
                removes = not one.latest or bucket is self.results
                if has is None or not (has.rows or (removes and has.stays.total())):
                    continue
                found = True
                place = keys.likes_place(one.key) if bucket is self.lake else None
                if removes:
                    gone.append(one)
                elif place:
                    held.add(place[0])
                else:
                    self._rewrite(one)
            self._remove(bucket, gone)
        self._rewrite_days(held)
        return found

    def _searched(self, bucket: Bucket) -> Iterator[tuple[Version, Found | None]]:
        """Give each version, and what it holds; None of one that vanished."""
        waiting: deque[tuple[Version, Future[Found | None] | Found | None]] = deque()
        with ThreadPoolExecutor(THREADS) as pool:
            for one in object_versions.every(bucket):
                name = _name(bucket, one)
                known = name in self._known
                waiting.append(
                    (one, self._known[name] if known else pool.submit(self._look, bucket, one))
                )
                if len(waiting) > WAITING:
                    yield self._noted(bucket, *waiting.popleft())
            while waiting:
                yield self._noted(bucket, *waiting.popleft())

    def _noted(
        self, bucket: Bucket, one: Version, found: Future[Found | None] | Found | None
    ) -> tuple[Version, Found | None]:
        """Note what was found of a version that was not known yet."""
        if not isinstance(found, Future):
            return one, found
        has = found.result()
        held = has is not None and bool(has.rows or has.stays.total())
        self._known[_name(bucket, one)] = has if held else None
        place = self._place(bucket, one.key)
        place.searched += 1
        place.bytes += one.size
        if has:
            place.held += held
            place.rows += has.rows
            if one.latest and bucket is self.lake:
                self._stays.pop((place.place, one.key), None)
                if has.stays.total():
                    self._stays[place.place, one.key] = has.stays
        self.tell(one.size)
        return one, has

    def _look(self, bucket: Bucket, one: Version) -> Found | None:
        path = self._file()
        try:
            if object_versions.download(bucket, one, path) is None:
                return None
            return erased_files.search(path, self.texts)
        finally:
            path.unlink(missing_ok=True)

    def _rewrite(self, one: Version) -> None:
        """Put an object without the ids in its place, if nobody else did meanwhile."""
        if not self.dry_run:
            path, out = self._file(), self._file()
            try:
                kind = object_versions.download(self.lake, one, path)
                if kind is None:
                    return
                erased_files.clean(path, out, self.texts)
                with suppress(Conflict):  # it is searched again as it is now
                    self.lake.put(one.key, out, one.etag, kind)
            finally:
                path.unlink(missing_ok=True)
                out.unlink(missing_ok=True)
            self.objects.append(one.key)
        self._place(self.lake, one.key).rewritten += 1

    def _rewrite_days(self, held: set[int]) -> None:
        """Merge days anew, of which nothing is staged: the likes that stand become anonymous."""
        place = self._place(self.lake, keys.LIKES)
        named = {keys.likes_day(day) for day in held}
        if held and not self.dry_run:
            self.days.staging.begin()
            division = self.days.state()[0].division
            self.days.merge(dict.fromkeys(sorted(held), {}), division)
        self.rewritten_days |= named
        place.rewritten = len(self.rewritten_days)

    def _remove(self, bucket: Bucket, gone: list[Version]) -> None:
        for one in gone:
            self._place(bucket, one.key).removed += 1
        if not self.dry_run:
            object_versions.remove(bucket, gone)
            self.removed += [Removed(bucket.name, one.key, one.id) for one in gone]

    def _place(self, bucket: Bucket, key: str) -> Place:
        folder = key.partition("/")[0] + "/" if "/" in key else key
        name = folder if bucket is self.lake else f"{bucket.name}/"
        return self.places.setdefault(name, Place(name))

    def _file(self) -> Path:
        return self.days.scratch / f"{uuid4().hex}.searched"


def _name(bucket: Bucket, one: Version) -> bytes:
    told = f"{bucket.name}\n{one.key}\n{one.id}\n{one.etag}"
    return sha256(told.encode()).digest()[:16]

"""Brings the counts to what the lake knows better: see `transform.counts.adjusted`.

Two runs may go on at a time. Each takes a number before it looks at the lake, and a film's item
keeps the number of the run that adjusted it: a run that looked earlier changes it no more.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pyarrow as pa
import pyarrow.compute

from transform.aws.buckets import Bucket, Conflict
from transform.aws.lake_writer import Contended
from transform.aws.unreadable import Unreadable, decoded
from transform.counts import adjusted
from transform.lake import keys, totals
from transform.lake.watermark import Object

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pc: Any = pyarrow.compute  # its types do not know of Python values where arrays may stand

KEY = "state/adjusting.json"
ADJUSTED, RUN = "adjusted", "run"
"""Attributes of a film's item: what the lake adjusts, and the number of the run that said so."""
WRITERS = 16
READERS = 16
TOGETHER = 100
"""Items that are read together, as many as BatchGetItem takes."""
MONTHS = 4
"""Months that are brought up together: so many days' totals are in memory."""
CONFLICTS = 8


class Month(msgspec.Struct, frozen=True, array_like=True):
    """What a month adjusts: the ETag of its object, and a hash of which totals it is of."""

    etag: str
    of: str


class State(msgspec.Struct, frozen=True):
    """How many runs there were, and by what the counts are adjusted."""

    runs: int = 0
    months: dict[str, Month] = {}


class Outrun(Exception):
    """A run met items that a later one had adjusted, of this number."""

    def __init__(self, run: int) -> None:
        """Take the number of the latest that was met."""
        super().__init__(f"Run {run} adjusts as well, and is later.")
        self.run = run


class Counts:
    """The table of counts, in which items are adjusted."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """Take a client with room for `WRITERS` connections."""
        self.client, self.table = client, table

    def adjust(self, films: Sequence[tuple[str, int]], run: int, earlier: "Earlier") -> int:
        """Have the items of films hold what the lake adjusts, and their counts with it; gives how
        many that changed. A later run's word stands: raises `Outrun`, once all others are done."""
        groups = [films[first : first + TOGETHER] for first in range(0, len(films), TOGETHER)]
        with ThreadPoolExecutor(WRITERS) as pool:
            items: dict[str, Mapping[str, Any]] = {}
            for found in pool.map(self._items, groups):
                items |= found

            def one(film: tuple[str, int]) -> bool:
                movie_id, net = film
                return self._adjust(movie_id, net, run, items.get(movie_id, {}), earlier)

            changed = sum(pool.map(one, films))
        latest = max((_run(item) for item in items.values()), default=0)
        if latest > run:
            raise Outrun(latest)
        return changed

    def _items(self, films: Sequence[tuple[str, int]]) -> dict[str, Mapping[str, Any]]:
        asked: Any = {
            self.table: {
                "Keys": [{"movie_id": {"S": movie_id}} for movie_id, _ in films],
                "ConsistentRead": True,
            }
        }
        found: dict[str, Mapping[str, Any]] = {}
        while asked:  # what a throttled table leaves out is asked for again
            answer = self.client.batch_get_item(RequestItems=asked)
            for item in answer["Responses"][self.table]:
                found[str(item["movie_id"]["S"])] = item
            asked = answer.get("UnprocessedKeys")
        return found

    def _adjust(
        self, movie_id: str, net: int, run: int, item: Mapping[str, Any], earlier: "Earlier"
    ) -> bool:
        for _ in range(CONFLICTS):
            known = ADJUSTED in item
            before = int(item[ADJUSTED]["N"]) if known else earlier.counted(movie_id, item)
            if before == net and (known or not net):
                return False
            if _run(item) > run:
                return False
            values = {":net": net, ":run": run, ":more": net - before}
            stands, last = "attribute_not_exists(#adjusted)", "attribute_not_exists(#run)"
            if known:
                values[":before"], stands = before, "#adjusted = :before"
            try:
                self.client.update_item(
                    TableName=self.table,
                    Key={"movie_id": {"S": movie_id}},
                    UpdateExpression="SET #adjusted = :net, #run = :run ADD likes :more",
                    ConditionExpression=f"{stands} AND ({last} OR #run <= :run)",
                    ExpressionAttributeNames={"#adjusted": ADJUSTED, "#run": RUN},
                    ExpressionAttributeValues={
                        name: {"N": str(value)} for name, value in values.items()
                    },
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
                return True
            except self.client.exceptions.ConditionalCheckFailedException as refusal:
                item = cast(Any, refusal.response).get("Item", {})
        raise Contended(f"The count of {movie_id} was adjusted by others {CONFLICTS} times.")


def _run(item: Mapping[str, Any]) -> int:
    return int(item.get(RUN, {"N": "0"})["N"])


class _Ledger(msgspec.Struct, frozen=True):
    number: int
    counts: dict[str, int] | None = None
    counted: bool = False


class Earlier:
    """What backfills of an earlier version added to counts themselves, and items do not tell."""

    def __init__(self, ledgers: Iterable[_Ledger] = ()) -> None:
        """Take their ledgers."""
        self._films: dict[str, int] = {}
        self._open: list[str] = []
        for ledger in ledgers:
            if ledger.counts and not ledger.counted:
                self._open.append(f"backfill-{ledger.number}")  # the films it came to say so
            elif ledger.counts:
                for film, net in ledger.counts.items():
                    self._films[film] = self._films.get(film, 0) + net

    def counted(self, movie_id: str, item: Mapping[str, Any]) -> int:
        """Give what of a film's count was backfilled, though its item holds nothing adjusted."""
        of_open = sum(int(item[name]["N"]) for name in self._open if name in item)
        return self._films.get(movie_id, 0) + of_open

    @staticmethod
    def read(bucket: Bucket) -> "Earlier":
        """Read the ledgers that are there."""
        bodies = [bucket.read(one.key) for one in bucket.list(keys.BACKFILLS)]
        return Earlier(msgspec.json.decode(body[0], type=_Ledger) for body in bodies if body)


def adjust(bucket: Bucket, counts: Counts, tell: Callable[[int], None] = lambda films: None) -> int:
    """Adjust the counts by what the totals say now; gives how many films that changed.

    Again changes nothing, and a run that was cut off is gone on with by the next. `tell` gets how
    many films are looked at. Raises `Contended`, and what a service raises.
    """
    for _ in range(CONFLICTS):
        state, etag = _state(bucket)
        if _seen(*_listed(bucket)) == state.months:
            return 0
        run = state.runs + 1
        claimed = msgspec.structs.replace(state, runs=run)
        with suppress(Conflict):
            # Only now may it look: whoever has a higher number looks later.
            etag = bucket.put(KEY, msgspec.json.encode(claimed, order="deterministic"), etag)
            months, pending = _bring_up(bucket, state.months)
            films = _films(bucket, months, pending)
            tell(len(films))
            earlier = Earlier() if state.months or not films else Earlier.read(bucket)
            try:
                changed = counts.adjust(films, run, earlier)
            except Outrun as later:
                _count_on(bucket, later.run)
                continue
            done = msgspec.json.encode(State(run, months), order="deterministic")
            bucket.put(KEY, done, etag)
            return changed
    raise Contended(f"{KEY} was changed by others {CONFLICTS} times.")


def _count_on(bucket: Bucket, run: int) -> None:
    """Go on from the number of a run that nobody knows of any more: the state was lost, and runs
    are counted anew."""
    state, etag = _state(bucket)
    if state.runs < run:
        told = msgspec.structs.replace(state, runs=run)
        bucket.put(KEY, msgspec.json.encode(told, order="deterministic"), etag)


def _state(bucket: Bucket) -> tuple[State, str | None]:
    if not (found := bucket.read(KEY)):
        return State(), None
    try:
        return msgspec.json.decode(found[0], type=State), found[1]
    except msgspec.DecodeError:  # then all is adjusted anew, as where it is gone
        return State(), found[1]


def _bring_up(bucket: Bucket, before: Mapping[str, Month]) -> tuple[dict[str, Month], set[str]]:
    """Make anew what months adjust whose totals have changed; gives all months by name, and which
    of them adjust otherwise than the counts are."""
    there, days = _listed(bucket)
    pending = set()
    months = _seen(there, days)
    known = {name: before.get(name, Month("", "")) for name in months}
    stale = [name for name in months if months[name] != known[name]]
    with ThreadPoolExecutor(READERS) as readers, ThreadPoolExecutor(MONTHS) as pool:
        made = pool.map(lambda name: _month(bucket, name, days[name], readers), stale)
        for name, (etag, moved) in zip(stale, made, strict=True):
            if moved or months[name].etag != known[name].etag:
                pending.add(name)
            months[name] = Month(etag, months[name].of)
    return months, pending


def _listed(bucket: Bucket) -> tuple[dict[str, str], dict[str, dict[int, Object]]]:
    """Give the ETags of months that are there, and the totals of days, by month."""
    there = {keys.adjusted_month(one.key): one.etag for one in bucket.list(keys.ADJUSTED)}
    days: dict[str, dict[int, Object]] = {name: {} for name in there}
    for one in bucket.list(keys.TOTALS):
        if (day := keys.day_of(one.key)) is not None:
            days.setdefault(keys.month(day), {})[day] = one
    return there, days


def _seen(there: Mapping[str, str], days: Mapping[str, Mapping[int, Object]]) -> dict[str, Month]:
    return {name: Month(there.get(name, ""), _hash(days[name])) for name in sorted(days)}


def _hash(days: Mapping[int, Object]) -> str:
    told = "\n".join(f"{day} {one.etag}" for day, one in sorted(days.items()))
    return sha256(told.encode()).hexdigest()[:16]


def _month(
    bucket: Bucket, name: str, days: Mapping[int, Object], readers: Executor
) -> tuple[str, bool]:
    """Bring a month up to its days' totals; gives its ETag, and whether it adjusts otherwise."""
    known, sources, stands = adjusted.EMPTY, dict[int, str](), None
    if found := bucket.read(keys.adjusted(name)):
        body, stands = found
        with suppress(Unreadable):  # then all of it is made anew
            known, sources = decoded(keys.adjusted(name), body, adjusted.decode)
    stale = [day for day, one in days.items() if sources.get(day) != one.etag]
    gone = sources.keys() - days.keys()
    if stands and not stale and not gone:
        return stands, False
    new = dict.fromkeys(gone, adjusted.EMPTY)
    read = readers.map(lambda day: bucket.get(days[day].key), stale)
    for day, (body, etag) in zip(stale, read, strict=True):
        sources[day] = etag
        sums, _ = decoded(days[day].key, body, totals.decode)
        new[day] = adjusted.of_totals(day, sums)
    for day in gone:
        del sources[day]
    rows = adjusted.replaced(known, new)
    body = adjusted.encode(rows, sources)
    return bucket.put(keys.adjusted(name), body, stands), not rows.equals(known)


def _films(
    bucket: Bucket, months: Mapping[str, Month], pending: Set[str]
) -> Sequence[tuple[str, int]]:
    """Give the films of some months, and what all months together adjust of them."""
    if not pending:
        return []
    with ThreadPoolExecutor(READERS) as pool:
        read = pool.map(lambda name: adjusted.decode(bucket.get(keys.adjusted(name))[0])[0], months)
        rows = dict(zip(months, read, strict=True))
    films = pc.unique(pa.concat_tables([rows[name] for name in pending])["movie_id"])
    sums = adjusted.by_film(rows.values())
    some: Any = sums.filter(pc.is_in(sums["movie_id"], films)).to_pylist()
    return [(one["movie_id"], one["net"]) for one in some]

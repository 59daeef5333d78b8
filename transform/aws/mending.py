"""Mends what an audit found, as far as anything still tells what is right.

Each write has a condition on what was read, so likes may keep coming: who is refused looks again.
A round mends what others rest on first, and the next round sees what is left: likes that only the
stream has go to raw, what raw has and the lake lacks is merged again, what is archived and was not
counted is counted by UpdateCount's own update, and only then is a count set to what it must be.
"""

from collections.abc import Callable, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

import pyarrow as pa

from transform.audit import balance, deliveries
from transform.audit.steps import Difference
from transform.aws import (
    archiving,
    auditing,
    compacting,
    lost_likes,
    object_versions,
    rebuilding,
    retracking,
)
from transform.aws.adjusting import ADJUSTED, WRITERS, Counts
from transform.aws.audit_sources import DAY_MS, Asked, Sources
from transform.aws.auditing import Taken
from transform.aws.buckets import Conflict
from transform.aws.unreadable import Unreadable
from transform.counts import streamed
from transform.counts.streamed import Update
from transform.lake import keys
from transform.lake.division import DAY_HOURS

ROUNDS = 8
LIKES = "likes"
Tell = Callable[[str], None]


@dataclass(slots=True)
class Mended:
    """What was mended: objects put back as an earlier version was, or removed, as they could not
    be read and there was none; records brought from the stream, likes merged again, likes brought
    back from earlier versions of days,
    likes that raw has again from the lake, likes counted from the
    archive, counts set, hours of trends told again; and what is left, and why."""

    found: list[Difference] = field(default_factory=list)
    put_back: int = 0
    removed: int = 0
    brought: int = 0
    merged: int = 0
    returned: int = 0
    restored: int = 0
    counted: int = 0
    set: int = 0
    hours: int = 0
    left: list[Difference] = field(default_factory=list)
    last: Taken | None = None
    """The last audit of all, which says what is left."""


def reconcile(
    sources: Sources,
    asked: Asked,
    settle: Callable[[], object],
    *,
    accept: bool = False,
    tell: Tell = lambda text: None,
) -> Mended:
    """Mend what differs; with `accept`, counts follow the lake where likes are lost for good.

    Raises what a service raises; what was mended by then stays so, and the next run goes on.
    """
    with suppress(Unreadable):  # which the audit names
        settle()
    done, before, tried = Mended(), None, set[str]()
    for _ in range(ROUNDS):
        taken = auditing.audit(sources, asked, settle, tell)
        done.left, done.last = taken.differences, taken
        done.found = done.found or taken.differences
        if not taken.differences or (taken.off == before and "last" in tried):
            break
        if taken.off != before:
            tried = set()
        before = taken.off
        tried.add(_round(sources, asked, taken, settle, accept, done, tell, tried))
    return done


def _round(
    sources: Sources,
    asked: Asked,
    taken: Taken,
    settle: Callable[[], object],
    accept: bool,
    done: Mended,
    tell: Tell,
    tried: Set[str],
) -> str:
    """Mend what comes first and was not tried in vain; gives its name, or "last"."""
    if taken.unreadable and "unreadable" not in tried:
        tell("putting back earlier versions")
        found = [object_versions.put_back(sources.bucket, key) for key in taken.unreadable]
        done.put_back += found.count(True)
        done.removed += found.count(False)
        settle()
        return "unreadable"
    sources = sources.without(taken.unreadable)
    if len(taken.lost) and "lost" not in tried:
        tell("bringing records from the stream")
        done.brought += archiving.bring(sources, taken.lost, asked.now)
        settle()
        return "lost"
    if len(taken.missing) and "missing" not in tried:
        tell("merging again what arrived")
        done.merged += merge_again(sources, taken.missing)
        settle()
        return "missing"
    if len(taken.held) and "held" not in tried:
        tell("bringing back what earlier versions hold")
        done.returned += lost_likes.bring_back(sources, taken.held)
        settle()
        return "held"
    if taken.witnessed and "rebuilt" not in tried:
        tell("making likes anew from raw")
        done.merged += merge_again(sources, rebuilding.take_out(sources, taken.witnessed))
        settle()
        return "rebuilt"
    if len(taken.unarchived) and "raw" not in tried:
        tell("restoring raw")
        done.restored += archiving.restore(sources, taken.unarchived, asked.now)
        settle()
        return "raw"
    if taken.sums.wrong and "totals" not in tried:
        tell("making totals anew")
        for day in taken.sums.wrong:
            stands = taken.stands.totals[day]
            with suppress(Conflict):
                sources.bucket.delete(stands.key, stands.etag)
        settle()
        return "totals"
    if "counted" not in tried and (late := count_archived(sources.counts, taken, asked)):
        done.counted += late
        return "counted"
    tell("setting counts")
    films = films_to_set(taken, sources, accept)
    was_set = set_counts(sources.counts, taken, films)
    done.set += was_set
    of = ("trends", "lake") if accept else ("trends",)
    hours = {d.hour for d in taken.differences if d.step in of and d.hour is not None}
    if hours:
        tell("telling trends again")
        recent = hours & taken.hours
        done.hours += retracking.rollups_again(sources, taken, recent, asked)
        retracking.days_again(sources, {hour // DAY_HOURS for hour in hours}, asked.now)
        done.hours += len(hours - recent)
    # Of items that were counted meanwhile none was set: they are looked at again.
    return "last" if was_set == len(films) else "set"


def merge_again(sources: Sources, missing: pa.Table) -> int:
    """Merge the arrival days again in which likes came that the lake lacks; gives how many rows
    the lake did not have."""
    days = set()
    for arrived in missing["arrived"].to_pylist():
        day = cast(int, arrived) // DAY_MS
        days |= {day, day + 1}  # what came last on a day may be delivered on the next
    done = [
        compacting.compact(sources.bucket, day=keys.day_name(day), power=sources.power).new
        for day in sorted(days)
    ]
    return sum(done)


def count_archived(counts: Counts, taken: Taken, asked: Asked) -> int:
    """Count what is archived and should be counted by now; gives how many likes that were."""
    films = taken.films.filter(balance.pc.not_equal(taken.films["not_counted"], 0))
    if not len(films):
        return 0
    rows = taken.rows.filter(
        balance.pc.and_(
            balance.pc.and_(
                taken.rows["merged"],
                balance.pc.less(taken.rows["arrived"], asked.now - asked.grace_ms),
            ),
            balance.pc.is_in(taken.rows["movie_id"], films["movie_id"].combine_chunks()),
        )
    )
    with ThreadPoolExecutor(WRITERS) as pool:

        def write(update: Update) -> bytes | None:
            return _write(counts, update)

        tallies = deliveries.tallies(rows)
        return sum(pool.map(lambda tally: streamed.apply(tally, write), tallies))


def _write(counts: Counts, update: Update) -> bytes | None:
    """Make UpdateCount's update; gives None, or the memory that stood in its way."""
    try:
        counts.client.update_item(
            TableName=counts.table,
            Key={"movie_id": {"S": update.movie_id}},
            UpdateExpression="SET #memory = :last ADD likes :net",
            ConditionExpression="attribute_not_exists(#memory) OR #memory < :first",
            ExpressionAttributeNames={"#memory": update.memory},
            ExpressionAttributeValues={
                ":net": {"N": str(update.net)},
                ":first": {"B": update.first},
                ":last": {"B": update.last},
            },
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except counts.client.exceptions.ConditionalCheckFailedException as refusal:
        return bytes(cast(Any, refusal.response)["Item"][update.memory]["B"])
    return None


def films_to_set(taken: Taken, sources: Sources, accept: bool) -> set[str]:
    """Give the films whose counts may be set to what the lake says.

    A count that is too low is: the lake has the likes. One that is too high is where all that was
    ever counted is witnessed elsewhere, and says as the lake does; else the lake may have lost
    what nothing else tells any more.
    """
    witnessed = accept or sources.is_witnessed(taken.at)
    films, others = set(), set()
    for one in taken.differences:
        gone = one.step in ("archive", "compaction", "lake") and not accept
        doubtful = one.step == "count" and one.number > 0 and not witnessed
        if gone or doubtful:
            others.add(one.movie_id)
        elif one.step not in ("trends", "totals", "raw"):
            films.add(one.movie_id)
    off: Any = balance.off(taken.films)["movie_id"].to_pylist()
    return (films - others) & set(off)


def set_counts(counts: Counts, taken: Taken, films: set[str]) -> int:
    """Set the counts of films, each if its item is as it was read; gives how many that were."""
    rows = balance.off(taken.films).to_pylist()
    with ThreadPoolExecutor(WRITERS) as pool:
        some = [row for row in rows if row["movie_id"] in films]
        return sum(
            pool.map(lambda row: _set(counts, row, taken.read.read.get(row["movie_id"])), some)
        )


def _set(counts: Counts, row: Mapping[str, Any], item: Mapping[str, Any] | None) -> bool:
    item = item or {}
    streamed_ = row["archived"] - row["uncounted"] - row["not_counted"] + row["in_flight"]
    values: dict[str, Any] = {
        ":likes": {"N": str(streamed_ + row["must_adjust"])},
        ":adjusted": {"N": str(row["must_adjust"])},
    }
    names = {"#likes": LIKES, "#adjusted": ADJUSTED}
    remembered = [name for name in item if name.startswith(streamed.MEMORY)]
    names |= {f"#memory{number}": name for number, name in enumerate(remembered)}
    condition: list[str] = []
    for alias, name in names.items():
        if name in item:
            values[f":was{len(condition)}"] = item[name]
            condition.append(f"{alias} = :was{len(condition)}")
        else:
            condition.append(f"attribute_not_exists({alias})")
    with suppress(counts.client.exceptions.ConditionalCheckFailedException):
        counts.client.update_item(
            TableName=counts.table,
            Key={"movie_id": {"S": row["movie_id"]}},
            UpdateExpression="SET #likes = :likes, #adjusted = :adjusted",
            ConditionExpression=" AND ".join(condition),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )
        return True
    return False

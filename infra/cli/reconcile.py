"""`lake reconcile` and `lake recount`: which films, hours and step are off, and mending it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import time
from typing import Any

from infra.cli import audit, compaction
from infra.cli.output.tables import counted
from infra.stage import Stage
from transform.audit import MENDED, balance, report
from transform.audit.report import Item
from transform.audit.steps import Difference
from transform.aws import audit_rows, auditing, conditions, mending
from transform.aws.audit_sources import TRACKED_DAYS, Asked
from transform.aws.auditing import Taken
from transform.aws.buckets import Bucket
from transform.aws.mending import Mended

COLUMNS = ("step", "movie_id", "hour", "number", "detail")
_LOST = ("archive", "compaction", "lake")


def asked(grace_ms: int = balance.GRACE_MS) -> Asked:
    """Give what is asked: everything, as of now."""
    return Asked(
        int(time() * 1000),
        raw_days=None,
        tracked_days=TRACKED_DAYS,
        deep=True,
        grace_ms=grace_ms,
    )


def find(stage: Stage, tell: Callable[[str], None]) -> list[Difference]:
    """Give what differs, after a compaction."""
    merge = _settle(stage)
    merge()
    return auditing.audit(audit.sources(stage), asked(), merge, tell).differences


def repair(
    stage: Stage,
    tell: Callable[[str], None],
    *,
    accept: bool = False,
    grace_ms: int = balance.GRACE_MS,
) -> Mended:
    """Mend what can be mended; counts follow the lake where likes are lost if that is accepted.

    Where something differed, what was mended of it and what is left are rows of `audit`.
    """
    sources = audit.sources(stage)
    done = mending.reconcile(sources, asked(grace_ms), _settle(stage), accept=accept, tell=tell)
    if done.found and done.last:
        keep(sources.bucket, done, done.last, int(time() * 1000))
    return done


def keep(bucket: Bucket, done: Mended, last: Taken, now: int) -> None:
    """Keep what was mended, with the last audit of it; `now` is in epoch milliseconds."""
    other = conditions.of(bucket, last.state, now)
    items = report.items(last.numbers, last.differences, other)
    audit_rows.put(bucket, now, [*items, Item(MENDED, len(done.found), 0, did(done))])


def _settle(stage: Stage) -> Callable[[], object]:
    return lambda: compaction.merge(stage, None, False)


def rows(found: Sequence[Difference]) -> list[tuple[Any, ...]]:
    """Give differences as rows."""
    return [
        (one.step, one.movie_id, "" if one.hour is None else report.hour(one.hour), one.number,
         one.detail)
        for one in found
    ]  # fmt: skip


def told(done: Mended) -> str:
    """Say what was mended, and what is left."""
    if not done.found:
        return "All numbers agree; there is nothing to mend."
    lines = [f"mended: {did(done)}"]
    if not done.left:
        return "\n".join([*lines, "All numbers agree now."])
    lost = [one for one in done.left if one.step in _LOST and one.number < 0]
    if lost:
        number = sum(abs(one.number) for one in lost)
        films = len({one.movie_id for one in lost})
        lines.append(
            f"Lost: {counted(number, 'like')} of {counted(films, 'film')}; neither raw nor the "
            "stream has them any more. `--accept` has the counts follow the lake."
        )
    if more := [one for one in done.left if one.step in _LOST and one.number > 0]:
        number = sum(one.number for one in more)
        lines.append(
            f"The lake has {counted(number, 'like')} more than anybody sent; nobody counted "
            "them, and raw lacks them. `--accept` has the counts follow the lake."
        )
    if untracked := [one for one in done.left if one.step == "trends" and one.number < 0]:
        number = -sum(one.number for one in untracked)
        lines.append(
            f"Trends lack {counted(number, 'like')} that the fan-out may still bring; what it "
            "does not, a repair tells once later likes came by the same shard, or the stream keeps "
            "them no more."
        )
    if unreadable := [one for one in done.left if one.key]:
        lines.append(
            f"{counted(len(unreadable), 'object')} without an earlier version that could be put "
            "back; a ledger that is gone harms no count."
        )
    if doubtful := [one for one in done.left if one.step == "count" and one.number > 0]:
        lines.append(
            f"{counted(len(doubtful), 'count')} higher than the lake, and nothing older than "
            f"{TRACKED_DAYS} days tells which of them is right. `--accept` has the counts follow "
            "the lake."
        )
    return "\n".join(lines)


def did(done: Mended) -> str:
    """Say what was mended, in a few words."""
    some = [
        (done.put_back, "object", "put back as an earlier version was"),
        (done.removed, "object", "removed that nobody can read"),
        (done.brought, "record", "brought from the stream"),
        (done.merged, "like", "merged again"),
        (done.returned, "like", "brought back from earlier versions of days"),
        (done.restored, "like", "put back into raw"),
        (done.counted, "like", "counted from the archive"),
        (done.set, "count", "set"),
        (done.hours, "hour", "of trends told again"),
    ]
    said = [f"{counted(number, what)} {how}" for number, what, how in some if number]
    return ", ".join(said) or "nothing"


def fields(done: Mended) -> dict[str, object]:
    """Give the same for programs."""
    return {
        "found": len(done.found),
        "put_back": done.put_back,
        "removed": done.removed,
        "brought": done.brought,
        "merged": done.merged,
        "returned": done.returned,
        "restored": done.restored,
        "counted": done.counted,
        "set": done.set,
        "hours": done.hours,
        "left": len(done.left),
    }

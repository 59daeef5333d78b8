"""When a report is made again: where the likes of its own period have changed, and only then."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from transform.lake.watermark import Object
from transform.reports.figures import Report, Restated


class Made(msgspec.Struct, frozen=True):
    """What a run did about a report."""

    name: str
    outcome: Literal["made", "restated", "unchanged"]
    page: str
    headlines: list[str]


def number(report: Report) -> int:
    """Give which edition of its report this is, from 1."""
    return 1 + (report.restated.times if report.restated else 0)


def settled(standing: Report | None, fresh: Report) -> Report:
    """Give the report that is to stand: the one that does, if its own figures are still true.

    Else the fresh one, which says how often that was so, and what the first edition had. What a
    report tells of other periods stands as it was when the report was made.
    """
    if standing is None:
        return fresh
    if _own(standing) == _own(fresh):
        return standing
    first = standing.restated or Restated(0, standing.totals.net, _events(standing))
    restated = msgspec.structs.replace(first, times=first.times + 1)
    return msgspec.structs.replace(fresh, restated=restated)


def fingerprint(objects: Iterable[Object]) -> str:
    """Give what is another where any of the objects is: one listing tells whether to look again."""
    digest = hashlib.sha256()
    for one in sorted(objects, key=lambda one: one.key):
        digest.update(f"{one.key}\0{one.etag}\n".encode())
    return digest.hexdigest()


def _events(report: Report) -> int:
    return report.totals.likes + report.totals.unlikes


def _own(report: Report) -> list[Any]:
    """The figures that come from likes of the period itself, and from nothing else."""
    quality, days = report.quality, set(report.period.days)
    return [
        report.totals,
        [(film.movie_id, film.likes, film.unlikes, film.series) for film in report.top],
        [row for row in report.heat if row.day in days],
        (quality.newest_like, quality.last_arrival, quality.lag_p95_s),
        (quality.late, quality.events),
    ]

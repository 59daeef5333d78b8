"""The reports in the lake's bucket: what stands, what it was made from, and how more come there."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import msgspec

from transform.aws.buckets import Bucket, Conflict
from transform.lake import keys
from transform.reports import editions, gather, report_keys
from transform.reports.csv_files import tables
from transform.reports.figures import Report
from transform.reports.page.index import index
from transform.reports.page.report import page
from transform.reports.periods import Period
from transform.reports.report_keys import Latest
from transform.reports.sentences import headlines

CONFLICTS = 5
READERS = 16
_EPOCH = date(1970, 1, 1)
_HTML, _CSV, _JSON = "text/html; charset=utf-8", "text/csv; charset=utf-8", "application/json"


class Seen(msgspec.Struct, frozen=True):
    """What a report was made from when all of it was written, and the last edition announced."""

    fingerprint: str = ""
    edition: int = 0


@dataclass(frozen=True, slots=True)
class ReportStore:
    """The reports of a bucket. Every write is made on the condition that nobody else made one:
    `Conflict` tells that somebody did, and that what stands is to be looked at again.
    """

    bucket: Bucket

    def standing(self) -> list[Period]:
        """Give the periods that have a page, in their order."""
        shown = (report_keys.shown(one.key) for one in self.bucket.list(report_keys.REPORTS))
        return sorted(period for period in shown if period)

    def fingerprint(self, period: Period) -> str:
        """Tell by listings of each day which likes, and which totals, there are in a period."""
        days = [(day - _EPOCH).days for day in period.days]
        prefixes = [*map(keys.likes_day, days), *map(keys.totals_day, days)]
        return editions.fingerprint(one for prefix in prefixes for one in self.bucket.list(prefix))

    def seen(self, period: Period) -> tuple[Seen, str | None]:
        """Give what is known of how a report was made, and the ETag of that."""
        found = self.bucket.read(report_keys.state(period.name))
        return (msgspec.json.decode(found[0], type=Seen), found[1]) if found else (Seen(), None)

    def put_seen(self, period: Period, seen: Seen, etag: str | None) -> None:
        """Write down how a report was made, once all else of it is done."""
        self.bucket.put(report_keys.state(period.name), msgspec.json.encode(seen), etag, _JSON)

    def figures(self, period: Period) -> tuple[Report, str] | None:
        """Give the report that stands, and the ETag of its figures; None where there is none."""
        if not (found := self.bucket.read(report_keys.figures(period.name))):
            return None
        return gather.beyond_chance(msgspec.json.decode(found[0], type=Report)), found[1]

    def put_figures(self, report: Report, etag: str | None) -> str:
        """Make a report the one that stands; its page and tables follow."""
        body = msgspec.json.encode(report)
        return self.bucket.put(report_keys.figures(report.period.name), body, etag, _JSON)

    def publish(self, report: Report, etag: str) -> None:
        """Write what shows the figures that have this ETag, the page last; what stands, stays."""
        name = report.period.name
        stands = {one.key: one.etag for one in self.bucket.list(f"{report_keys.REPORTS}{name}")}
        if stands.get(report_keys.figures(name)) != etag:
            raise Conflict(f"Somebody else made the report of {name} meanwhile.")
        wanted = {
            report_keys.table(name, file): (text, _CSV) for file, text in tables(report).items()
        }
        wanted[report_keys.page(name)] = page(report), _HTML
        for key, (text, kind) in wanted.items():
            body = text.encode()
            if stands.get(key) != _etag(body):
                self.bucket.put(key, body, stands.get(key), kind)

    def catalogue(self) -> None:
        """Write the index of all reports, and which is the newest of a day."""
        for left in reversed(range(CONFLICTS)):
            try:
                return self._catalogue()
            except Conflict:
                if not left:
                    raise

    def _catalogue(self) -> None:
        # What stood before all else was looked at: then nothing newer is replaced.
        old = {key: self.bucket.read(key) for key in report_keys.OF_ALL}
        reports = list(self._all())
        listed = index(reports).encode(), _HTML
        new = {report_keys.INDEX: listed, report_keys.FRONT: listed}
        if days := [report for report in reports if report.period.kind == "day"]:
            new[report_keys.LATEST] = _latest(days[-1]), _JSON
        for key, (body, kind) in new.items():
            stands = old[key]
            if not stands or stands[0] != body:
                self.bucket.put(key, body, stands and stands[1], kind)

    def _all(self) -> Iterator[Report]:
        with ThreadPoolExecutor(READERS) as pool:
            for found in pool.map(self.figures, self.standing()):
                if found:
                    yield found[0]


def _latest(report: Report) -> bytes:
    name = report.period.name
    told = Latest(name, report.period.kind, f"/{report_keys.page(name)}", headlines(report))
    return msgspec.json.encode(told)


def _etag(body: bytes) -> str:
    """The ETag that S3 gives to what is put whole; of another, what stands is written again."""
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'

"""A lake in memory that reports are made of, with answers counted in plain Python."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.bucket import Objects
from tests.queries import hostile
from tests.queries.lake import once
from transform.aws import reporting
from transform.aws.buckets import Bucket
from transform.aws.report_store import ReportStore
from transform.reports import periods
from transform.reports.figures import Report
from transform.reports.questions import Answer
from transform.reports.schedule import Call

NOW = datetime(2026, 3, 20, 6, tzinfo=UTC)
LIKES = [row | {"liked_at": row["liked_at"].replace(tzinfo=UTC),
                "received_at": row["received_at"].replace(tzinfo=UTC)}
         for row in once(hostile.likes(1))]  # fmt: skip


class World:
    """A lake, the reports made of it, and what was announced of them."""

    def __init__(self) -> None:
        self.s3 = Objects()
        self.store = ReportStore(Bucket(self.s3, "lake"))  # type: ignore[arg-type]
        self.announced: list[tuple[str, int]] = []
        self.asked = 0
        self.while_asked: Callable[[], None] = lambda: None
        self.rows: list[Mapping[str, Any]] = []
        self.like(LIKES)

    def like(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Have more likes in the lake, each once, in an object a day."""
        self.rows = once([*self.rows, *rows])
        days: dict[date, list[str]] = {}
        for row in self.rows:
            days.setdefault(row["liked_at"].date(), []).append(row["event_id"])
        for day, ids in days.items():
            self.s3.add(f"likes/day={day}/hour-00-00.parquet", "\n".join(ids).encode())

    def ask(self, question: str, parameters: Mapping[str, Any]) -> Answer:
        """Answer a question of the lake, as it is now."""
        self.asked += 1
        self.while_asked()
        answer = getattr(self, f"_{question}", lambda **_: [])
        return Answer(answer(**parameters), 10_000, 0.00005)

    def announce(self, made: Report) -> None:
        """Keep which edition was announced."""
        self.announced.append((made.period.name, made.restated.times if made.restated else 0))

    def run(self, now: datetime = NOW, **call: Any) -> dict[str, str]:
        """Run the function; give what came of each report."""
        done = reporting.run(Call(**call), now, self.store, self.ask, self.announce)
        return {one.name: one.outcome for one in done}

    def report(self, name: str) -> Report:
        """Give the figures that stand."""
        found = self.store.figures(periods.named(name))
        assert found
        return found[0]

    def objects(self) -> dict[str, bytes]:
        """Give all that the function wrote."""
        return {key: body for key, body in self.s3.objects.items() if "reports/" in key}

    def _within(self, first: date, last: date) -> list[Mapping[str, Any]]:
        return [row for row in self.rows if first <= row["liked_at"].date() <= last]

    def _period_totals(self, last_day: date, days: int) -> list[dict[str, Any]]:
        found = []
        for back in (2 * days, days):
            first = last_day - timedelta(days=back - 1)
            part = self._within(first, first + timedelta(days=days - 1))
            likes = sum(row["action"] == "like" for row in part)
            told = {"first_day": first, "likes": likes, "unlikes": len(part) - likes}
            told |= {"likers": len({row["user_id"] for row in part}), "movies": 1}
            for name, column in (("newest_like", "liked_at"), ("last_arrival", "received_at")):
                told[name] = max((row[column] for row in part), default=None)
            found += [told] if part else []
        return found

    def _heat_by_weekday(self, first_day: date, last_day: date) -> list[dict[str, Any]]:
        hours = Counter(
            (row["liked_at"].isoweekday(), row["liked_at"].hour)
            for row in self._within(first_day, last_day)
            if row["action"] == "like"
        )
        grid = ((weekday, hour) for weekday in range(1, 8) for hour in range(24))
        return [{"weekday": w, "hour": h, "likes": hours[w, h]} for w, h in grid]

    def _period_lag(self, first_day: date, last_day: date) -> list[dict[str, Any]]:
        return [{"likes": len(self._within(first_day, last_day)), "late": 0, "p95_ms": None}]

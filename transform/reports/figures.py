"""What a report says, as numbers: all that its page, its tables and its headlines are made from."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from transform.reports.periods import Period


class Totals(msgspec.Struct, frozen=True):
    """What a period comes to."""

    likes: int = 0
    unlikes: int = 0
    likers: int = 0
    """Different users who liked something."""
    films: int = 0
    """Different films that were liked or unliked."""

    @property
    def net(self) -> int:
        """Likes less likes taken back."""
        return self.likes - self.unlikes


class TopFilm(msgspec.Struct, frozen=True):
    """One of the films with the most net likes, best first."""

    place: int
    movie_id: str
    title: str | None
    """As people know it; None where no catalogue names it."""
    likes: int
    unlikes: int
    series: list[int]
    """Net likes by hour of a day (24 of them), or by day of a week (7)."""

    @property
    def net(self) -> int:
        """Likes less likes taken back."""
        return self.likes - self.unlikes


class Mover(msgspec.Struct, frozen=True):
    """A film that rose or fell against the period before."""

    movie_id: str
    title: str | None
    net: int
    net_before: int
    rank: int | None
    """By net likes in the period, from 1, equal films share one; None: nobody liked it."""
    rank_before: int | None
    """The same in the period before; None: nobody liked it then."""
    score: float | None
    """The best hourly score of the period: standard deviations of a Poisson count above what its
    own past predicts (`transform.trends.scoring`). None where no hour of it was ranked."""
    peak_hour: datetime | None
    """Start of the hour of that score, UTC."""
    peak_likes: int | None
    """Net likes in that hour."""
    why: str
    """Why it is called a trend, or a fall, in a sentence with those numbers."""
    deviations: float
    """How far its net likes are from the share of all that it had before, in standard deviations of
    the difference of two Poisson counts; negative for a fall."""


class HeatRow(msgspec.Struct, frozen=True):
    """One day of the heat map."""

    day: date
    likes: list[int]
    """By hour of the day, UTC: 24 of them."""


class Gap(msgspec.Struct, frozen=True):
    """An hour with far fewer events than is typical of it."""

    hour: datetime
    events: int
    typical: int


class Rejected(msgspec.Struct, frozen=True):
    """Lines that could not become a like, by reason."""

    reason: str
    lines: int


class Quality(msgspec.Struct, frozen=True):
    """How far the period's figures can be trusted."""

    newest_like: datetime | None
    """When the period's last like happened, UTC."""
    last_arrival: datetime | None
    """When the last of the period's likes to arrive arrived: how fresh the figures are."""
    lag_p95_s: float | None
    """Seconds to arrival that 95 of 100 likes do not exceed; backfilled ones left out."""
    hours: int
    """Hours of the period."""
    gaps: list[Gap]
    """Of these, the incomplete ones."""
    late: int
    """Events that arrived over an hour after they happened; backfilled ones left out."""
    events: int
    """Likes and unlikes in all; of the stream alone, where `late` is compared with it."""
    rejected: list[Rejected]
    """Most first."""

    @property
    def rejected_lines(self) -> int:
        """Lines rejected for any reason."""
        return sum(reason.lines for reason in self.rejected)


class Checked(msgspec.Struct, frozen=True):
    """A number that an audit took from its own source, and how much of it differed."""

    item: str
    """As the table `audit` names it."""
    number: int
    differs: int
    detail: str


class Mended(msgspec.Struct, frozen=True):
    """That what differed was mended, and how."""

    at: datetime
    detail: str


class Audited(msgspec.Struct, frozen=True):
    """What audits found since the period began, up to when the report was made."""

    at: datetime
    """When the last one was asked, UTC."""
    items: list[Checked]
    """All that it compared."""
    audits: int
    """How many there were."""
    off: list[datetime]
    """When those were asked of which something differed, the last one first."""
    mended: list[Mended]
    """The last one first."""

    @property
    def differs(self) -> int:
        """How much differed at last, all items together."""
        return sum(one.differs for one in self.items)


class Cost(msgspec.Struct, frozen=True):
    """What one question of the report scanned."""

    question: str
    bytes: int
    dollars: float
    """What Athena bills for it: 5 USD a TB, 10 MB at least."""


class Restated(msgspec.Struct, frozen=True):
    """That a report was made again because its likes had changed."""

    times: int
    net_first: int
    """Net likes as the first edition had them."""
    events_first: int
    """Likes and unlikes as the first edition had them."""


class Report(msgspec.Struct, frozen=True):
    """All of one report."""

    period: Period
    totals: Totals
    totals_before: Totals
    """The period before, as it stood when this was made."""
    top: list[TopFilm]
    rose: list[Mover]
    """Furthest first; these and those that fell moved further than chance explains."""
    fell: list[Mover]
    heat: list[HeatRow]
    """The last seven days up to the period's last, oldest first."""
    quality: Quality
    costs: list[Cost]
    restated: Restated | None = None
    audited: Audited | None = None
    """None where no audit was made in the period or the days after it, and in reports from before
    they were told."""
    nearest: Mover | None = None
    """Where no film rose further than chance explains, the one that came furthest."""

    @property
    def empty(self) -> bool:
        """Whether nothing was liked in the period, and nothing taken back."""
        return not self.totals.likes and not self.totals.unlikes

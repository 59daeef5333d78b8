"""Reports as they may be: a busy day, a week, a first day, an empty day."""

from datetime import UTC, date, datetime, timedelta
from math import cos, pi

from msgspec.structs import replace

from infra.cli.traffic.simulate import films
from transform.reports.figures import (
    Audited,
    Checked,
    Cost,
    Gap,
    HeatRow,
    Mended,
    Mover,
    Quality,
    Rejected,
    Report,
    Restated,
    TopFilm,
    Totals,
)
from transform.reports.periods import Period, day, week

DAY = day(date(2026, 1, 31))
WEEK = week(date(2026, 1, 31))
_FILMS = films()[::5]
_COSTS = [
    Cost("top_movies_by_period", 3_204_118, 0.00005),
    Cost("completeness_by_hour", 14_511_204, 0.0000725),
    Cost("trending", 881_020, 0.00005),
    Cost("rejected_by_reason", 20_480, 0.00005),
]


def _course(place: int, points: int) -> list[int]:
    """Likes that come in the evening, fewer for the films further down; one goes viral."""
    scale = 900 / (place + 1)
    evening = [1.2 - cos(2 * pi * (n - 8) / points + place % 3) for n in range(points)]
    viral = [6.0 if place == 0 and n == points * 5 // 6 else 1.0 for n in range(points)]
    return [round(scale * e * v / points) for e, v in zip(evening, viral, strict=True)]


def _top(points: int) -> list[TopFilm]:
    made = [(film, _course(place, points)) for place, film in enumerate(_FILMS)]
    made.sort(key=lambda pair: -sum(pair[1]))
    return [
        TopFilm(n, film.movie_id, f"{film.title} ({film.year})", sum(c) + n, n, c)
        for n, (film, c) in enumerate(made[:20], 1)
    ]


def _mover(place: int, net: int, before: int, rank: int | None, rank_before: int | None) -> Mover:
    film = _FILMS[place]
    hour = datetime(2026, 1, 31, 20, tzinfo=UTC)
    score = (net - before) / (before + 10) ** 0.5 if net > before else None
    why = (
        f"Up from place {rank_before} to {rank}: {net:,} net likes after {before:,} the day before."
        f" Its best hour, 20:00 to 21:00 UTC on 2026-01-31, brought {net // 3:,} net likes, "
        f"{score:.1f} standard deviations above what its own past predicts."
        if score
        else f"Down from place {rank_before} to {rank}: {net:,} net likes after {before:,} the day "
        "before. No hour of it stood above what its own past predicts."
    )
    return Mover(
        film.movie_id,
        f"{film.title} ({film.year})",
        *(net, before, rank, rank_before),
        *((score, hour, net // 3) if score else (None, None, None)),
        why,
        (net - before) / (max(net, 0) + before) ** 0.5,
    )


_ROSE = [
    _mover(0, 1_714, 212, 1, 14),
    _mover(7, 402, 181, 3, 17),
    _mover(11, 96, 0, 19, None),
    _mover(4, 288, 240, 6, 9),
]
_FELL = [
    _mover(2, 310, 871, 5, 1),
    _mover(13, -12, 140, None, 21),
    _mover(9, 101, 133, 18, 15),
]


def _heat(last: date) -> list[HeatRow]:
    return [
        HeatRow(
            last - timedelta(days=6 - n),
            [
                0
                if (n, hour) == (3, 4)
                else round((260 + 40 * n) * (1.05 - cos(pi * (hour - 4) / 12)))
                for hour in range(24)
            ],
        )
        for n in range(7)
    ]


def _quality(period: Period) -> Quality:
    last = datetime(period.last.year, period.last.month, period.last.day, 23, 59, 58, tzinfo=UTC)
    gaps = [Gap(last.replace(hour=hour, minute=0, second=0), 3, 184) for hour in (3, 4)]
    return Quality(
        newest_like=last,
        last_arrival=last + timedelta(minutes=11),
        lag_p95_s=41.2,
        hours=24 * len(period.days),
        gaps=gaps,
        late=38,
        events=6_122,
        rejected=[
            Rejected("not_json", 31),
            Rejected("missing_movie_id", 22),
            Rejected("bad_time", 6),
        ],
    )


_AT = datetime(2026, 2, 1, 5, 41, 7, tzinfo=UTC)
_WELL = Audited(
    _AT,
    [Checked("in_lake", 7_314, 0, ""), Checked("counted", 7_320, 0, "")],
    30,
    [_AT - timedelta(hours=9)],
    [Mended(_AT - timedelta(hours=8), "12 likes merged again, 2 counts set")],
)
_OFF = Audited(
    _AT, [Checked("counted", 7_320, 6, "tt01 +6 (the stream counted 18, the lake says 12)")], 30,
    [_AT], [],
)  # fmt: skip


def daily() -> Report:
    """A busy day, restated, with two gaps."""
    return Report(
        period=DAY,
        totals=Totals(7_902, 588, 2_311, 113),
        totals_before=Totals(6_711, 604, 2_404, 112),
        top=_top(24),
        rose=_ROSE,
        fell=_FELL,
        heat=_heat(DAY.last),
        quality=_quality(DAY),
        costs=_COSTS,
        restated=Restated(2, 7_290, 8_466),
        audited=_WELL,
    )


def weekly() -> Report:
    """A week without faults."""
    return Report(
        period=WEEK,
        totals=Totals(231_004, 14_118, 20_311, 113),
        totals_before=Totals(231_900, 15_014, 20_019, 113),
        top=_top(7),
        rose=_ROSE,
        fell=_FELL,
        heat=_heat(WEEK.last),
        quality=replace(_quality(WEEK), gaps=[], rejected=[]),
        costs=_COSTS,
        audited=_OFF,
    )


def first() -> Report:
    """The first day of all: nothing to compare with."""
    return replace(
        daily(), totals_before=Totals(), rose=[], fell=[], restated=None, heat=_heat(DAY.last)[-1:]
    )


def empty() -> Report:
    """A day on which nothing was liked, though likes are usual."""
    hours = [datetime(2026, 1, 31, hour, tzinfo=UTC) for hour in range(24)]
    return Report(
        period=DAY,
        totals=Totals(),
        totals_before=Totals(6_711, 604, 2_404, 112),
        top=[],
        rose=[],
        fell=[],
        heat=[*_heat(DAY.last)[:-1], HeatRow(DAY.last, [0] * 24)],
        quality=Quality(None, None, None, 24, [Gap(hour, 0, 250) for hour in hours], 0, 0, []),
        costs=_COSTS,
    )

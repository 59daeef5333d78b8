"""The parts of a report's page on films: what rose, what fell, and what was liked most."""

from __future__ import annotations

from collections.abc import Sequence

from transform.reports import words
from transform.reports.figures import Mover, Report, TopFilm, Totals
from transform.reports.page import charts
from transform.reports.page.html import Html, behind, section, table, tag
from transform.reports.sentences import nearest

FILMS, MOVERS = 50, 25
"""How many a page shows, so that it stays small; its CSV files hold all."""
_MOVED = "What rose and what fell"


def movers(report: Report) -> Html:
    """What rose and what fell, and why it is called so."""
    called = words.before(report.period)
    if not report.rose and not report.fell and report.totals_before == Totals():
        told = f"Nothing was liked {called}, so nothing can be said to rise or to fall."
        return section("movers", _MOVED, tag("p", told))
    nets = [net for film in (*report.rose, *report.fell) for net in (film.net, film.net_before)]
    scale = min([0, *nets]), max([1, *nets])
    key = tag(
        "p",
        *("Net likes ", tag("span", called, class_="key then"), " and "),
        *(tag("span", "now", class_="key now"), ", all on one scale."),
        class_="note",
    )
    kinds = (("rose", "▲", report.rose), ("fell", "▼", report.fell))
    lists = [_movers(report, kind, sign, films, scale) for kind, sign, films in kinds]
    tables = [_moves(kind, films) for kind, _, films in kinds if films]
    return section(
        "movers",
        _MOVED,
        key if tables else Html(),
        tag("div", *lists, class_="columns"),
        behind("Table of what rose and fell", *tables) if tables else Html(),
    )


def _movers(
    report: Report, kind: str, sign: str, films: Sequence[Mover], scale: tuple[int, int]
) -> Html:
    mark = tag("span", sign, class_="sign", aria_hidden="true")
    title = tag("h3", mark, f" {kind.capitalize()}")
    if not films:
        told = f"No film {kind} by more than chance explains."
        if kind == "rose" and report.nearest:
            told += f" {nearest(report, report.nearest)}"
        return tag("div", title, tag("p", told, class_="note"), class_=kind)
    items = [
        tag(
            "li",
            tag("p", tag("bdi", words.name(film)), class_="film"),
            tag("p", _ranks(film), class_="ranks"),
            charts.pair(film, *scale, words.before(report.period)),
            tag("p", film.why, class_="why"),
        )
        for film in films[:MOVERS]
    ]
    return tag("div", title, tag("ol", *items), _more(films, MOVERS), class_=kind)


def _moves(kind: str, films: Sequence[Mover]) -> Html:
    columns = (
        *("Film", "Id", "Rank before", "Rank", "Net before", "Net"),
        *("Score", "Best hour", "Net in it"),
    )
    rows = [
        (
            *(tag("bdi", words.name(film)), film.movie_id),
            *(words.number(film.rank_before), words.number(film.rank)),
            *(words.number(film.net_before), words.number(film.net)),
            *(words.number(film.score, 1), words.hour(film.peak_hour)),
            words.number(film.peak_likes),
        )
        for film in films[:MOVERS]
    ]
    return table(f"What {kind}", columns, rows, texts=2)


def _ranks(film: Mover) -> str:
    if film.rank_before is None:
        return f"new at rank {words.number(film.rank)}"
    if film.rank is None:
        return f"gone from rank {words.number(film.rank_before)}"
    return f"rank {words.number(film.rank_before)} → {words.number(film.rank)}"


def top(report: Report) -> Html:
    """The films with the most net likes, each with its course over the period."""
    films = report.top[:FILMS]
    if not films:
        return Html()
    highest = max(film.net for film in films)
    names = (
        [f"{hour:02}" for hour in range(24)]
        if report.period.kind == "day"
        else [words.short_day(day) for day in report.period.days]
    )
    unit = "hour" if report.period.kind == "day" else "day"
    items = [
        tag(
            "li",
            tag("p", words.number(film.place), class_="place"),
            tag("p", tag("bdi", words.name(film)), class_="film"),
            tag("p", words.number(film.net), charts.bar(film.net, highest), class_="net"),
            tag("p", *_course(film, names, unit), class_="course"),
        )
        for film in films
    ]
    columns = ("Film", "Id", "Place", "Net", "Likes", "Taken back", *names)
    rows = [
        (
            tag("bdi", words.name(film)),
            film.movie_id,
            words.number(film.place),
            words.number(film.net),
            words.number(film.likes),
            words.number(film.unlikes),
            *(words.number(value) for value in film.series),
        )
        for film in films
    ]
    return section(
        "top",
        "Liked most",
        tag(
            "p",
            f"Net likes; the bars share a scale. Each line shows the {unit}s on a scale of its own,"
            f" with the highest {unit} named.",
            class_="note",
        ),
        tag("ol", *items, class_="top"),
        _more(report.top, FILMS),
        behind(
            f"Table of films by {unit}", table(f"Net likes by {unit}, UTC", columns, rows, texts=2)
        ),
    )


def _course(film: TopFilm, names: Sequence[str], unit: str) -> tuple[Html, Html]:
    highest = max(film.series)
    when = names[film.series.index(highest)]
    peak = f"{when}:00" if unit == "hour" else when
    label = (
        f"Net likes of {words.name(film)} by {unit}: from {words.number(min(film.series))}"
        f" to {words.number(highest)}, the highest {'at' if unit == 'hour' else 'on'} {peak}"
    )
    return charts.sparkline(film.series, label), tag("span", f"{words.number(highest)} · {peak}")


def _more(films: Sequence[object], shown: int) -> Html:
    left = len(films) - shown
    return tag("p", f"{words.number(left)} more in the CSV file.") if left > 0 else Html()

"""The parts of a report's page on how far it can be trusted, and what it cost."""

from __future__ import annotations

from transform.reports import words
from transform.reports.figures import Audited, Quality, Report, Restated
from transform.reports.page.html import Html, behind, section, table, tag
from transform.reports.questions import AFTER_DAYS

SPANS = 6
"""How many stretches of hours are named in a sentence; the table behind it has all."""
_ITEMS = {
    "on_stream": "Likes on the stream alone",
    "counted": "Net likes counted",
    "uncounted": "Net likes not counted yet",
    "in_flight": "Net likes on their way to the lake",
    "tracked": "Net likes tracked for trends",
    "archived": "Net likes archived",
    "in_lake": "Net likes in the lake",
    "totals": "Days with totals",
    "repeated": "Net likes sent again",
    "backfilled": "Net likes backfilled",
    "adjusted": "What the lake adjusts of counts",
    "rejected": "Lines rejected lately",
    "in_errors": "Records not delivered",
    "unreadable": "Objects that cannot be read",
    "undivided": "Days being divided",
    "backfills_cut_off": "Backfills cut off",
}
"""What a reader calls the items of an audit, in the order in which a like meets them."""
_ORDER = {item: place for place, item in enumerate(_ITEMS)}


def restated(report: Report) -> Html:
    """That this is not the first edition, and how it differs from that; nothing where it is."""
    if report.restated is None:
        return Html()
    first: Restated = report.restated
    net = _beside(report.totals.net, first.net_first, "net likes")
    events = report.totals.likes + report.totals.unlikes
    arrived = _beside(events, first.events_first, "likes and unlikes")
    times = "once" if first.times == 1 else f"{words.number(first.times)} times"
    told = f"Likes of this period arrived after its first edition, so it was made again, {times}. "
    return tag(
        "p",
        tag("strong", "Restated. "),
        told,
        f"It now has {net}, and {arrived}.",
        class_="notice",
        role="note",
    )


def _beside(now: int, first: int, what: str) -> str:
    if now == first:
        return f"{words.number(now)} {what}, as at first"
    return f"{words.number(now)} {what} where it first had {words.number(first)}"


def nothing(report: Report) -> Html:
    """What a period without likes may mean."""
    quality, called = report.quality, words.before(report.period)
    gaps = len(quality.gaps)
    causes = []
    if gaps:
        typical = sum(gap.typical for gap in quality.gaps)
        causes.append(
            f"{_of(gaps, quality.hours, 'hours')} have far fewer likes than usual: together they"
            f" bring {words.number(typical)}. Perhaps likes were not delivered: the alarms tell."
        )
    else:
        causes.append("These hours are not known to bring likes, so nothing seems to be missing.")
    if quality.rejected_lines:
        lines = words.count(quality.rejected_lines, "line")
        causes.append(f"{lines} could not become a like; the reasons are below.")
    before = report.totals_before.net
    causes.append(
        f"{words.count(before, 'net like')} came {called}." if before else f"None came {called}."
    )
    causes.append("Likes that arrive later change this page; it then says that it was restated.")
    return section("nothing", "No likes", tag("ul", *(tag("li", cause) for cause in causes)))


def quality(report: Report) -> Html:
    """Freshness, completeness, and the shares that came late or were rejected."""
    of = report.quality
    lines, events = of.rejected_lines, report.totals.likes + report.totals.unlikes
    complete = of.hours - len(of.gaps)
    late = "likes of the stream, over an hour after they happened"
    facts = [
        ("Newest like", words.moment(of.newest_like), "when it happened"),
        ("Last arrival", words.moment(of.last_arrival), "how fresh these figures are"),
        ("Arrived within", words.seconds(of.lag_p95_s), _most(of.events)),
        ("Complete hours", *_share(complete, of.hours, "hours")),
        ("Late", *_share(of.late, of.events, late)),
        ("Rejected", *_share(lines, lines + events, "lines")),
    ]
    cards = [
        tag(
            "div",
            tag("dt", name),
            tag("dd", value, class_="value"),
            tag("dd", about, class_="change"),
        )
        for name, value, about in facts
        if value != words.NONE or not report.empty
    ]
    return section(
        "quality",
        "How far to trust this",
        tag("dl", *cards, class_="cards"),
        _gaps(of),
        _rejected(of, lines),
    )


def _gaps(quality: Quality) -> Html:
    if not quality.gaps:
        return tag("p", "No hour has far fewer likes than usual.")
    rows = [
        (words.hour(gap.hour), words.number(gap.events), words.number(gap.typical))
        for gap in quality.gaps
    ]
    named = words.spans([gap.hour for gap in quality.gaps], SPANS)
    return tag(
        "div",
        tag("p", f"Far fewer likes than usual in {words.count(len(rows), 'hour')}: {named}."),
        behind("Table of gaps", table("Hours with gaps", ("Hour", "Likes", "Typical"), rows)),
    )


def _rejected(quality: Quality, lines: int) -> Html:
    if not quality.rejected:
        return tag("p", "Nothing was rejected.")
    rows = [
        (reason.reason, words.number(reason.lines), words.share(reason.lines, lines))
        for reason in quality.rejected
    ]
    return behind(
        "Table of rejected lines",
        table("Rejected lines by reason", ("Reason", "Lines", "Share"), rows),
    )


def audited(report: Report) -> Html:
    """What the last audit compared, what differed of it, and what was mended."""
    of = report.audited
    if of is None:
        told = (
            f"No audit was made in the period, nor in the {AFTER_DAYS} days after it, before this"
            " page was made: nobody compared counts with the lake."
        )
        return section("audit", "Whether the numbers agree", tag("p", told))
    named = sorted(of.items, key=lambda one: _ORDER.get(one.item, len(_ORDER)))
    rows = [
        (
            _ITEMS.get(one.item, one.item),
            words.number(one.number),
            words.number(one.differs),
            one.detail or words.NONE,
        )
        for one in named
    ]
    return section(
        "audit",
        "Whether the numbers agree",
        tag("p", *_last(of)),
        tag("p", _before(of)),
        *([_mended(of)] if of.mended else []),
        behind(
            "Table of what was compared",
            table("What the last audit compared", ("Number", "Is", "Differs", "What"), rows),
        ),
    )


def _last(of: Audited) -> tuple[Html | str, ...]:
    when = f"The last audit before this page was made, {words.moment(of.at)}, "
    compared = "compared counts, archive, lake, totals and trends"
    if not of.differs:
        return (f"{when}{compared}: all numbers agree.",)
    off = [one for one in of.items if one.differs]
    named = ", ".join(_ITEMS.get(one.item, one.item).lower() for one in off)
    return (
        tag("strong", "Not all numbers agree. "),
        f"{when}{compared}; {words.number(of.differs)} differed ({named}).",
    )


def _before(of: Audited) -> str:
    of_all = f"{words.count(of.audits, 'audit')} since the period began"
    if not of.off:
        return f"Of {of_all}, none found that something differs."
    found = f"{words.number(len(of.off))} found that something differs"
    return f"Of {of_all}, {found}, the last {words.moment(of.off[0])}."


def _mended(of: Audited) -> Html:
    rows = [(words.moment(one.at), one.detail) for one in of.mended]
    return behind("Table of what was mended", table("Mended", ("When", "What"), rows))


def cost(report: Report) -> Html:
    """What the questions scanned, and what Athena bills for that."""
    costs = report.costs
    scanned, billed = sum(cost.bytes for cost in costs), sum(cost.dollars for cost in costs)
    rows = [
        (cost.question, words.number(cost.bytes), words.dollars(cost.dollars)) for cost in costs
    ]
    rows.append(("All", words.number(scanned), words.dollars(billed)))
    told = (
        f"{words.count(len(costs), 'question')} scanned {words.size(scanned)}, for which Athena"
        f" bills {words.dollars(billed)} (5 USD a TB, 10 MB at least each)."
    )
    return section(
        "cost",
        "What this cost",
        tag("p", told),
        behind("Table of questions", table("Questions asked", ("Question", "Bytes", "Cost"), rows)),
    )


def _share(part: int, whole: int, what: str) -> tuple[str, str]:
    """A share, and what it is of, with the numbers where the share itself has none."""
    return words.share(part, whole), what if 0 < whole < words.FEW else _of(part, whole, what)


def _most(events: int) -> str:
    """What a 95th percentile is of, with their number where they are few."""
    if not events:
        return "none came"
    few = f", of which there are {words.number(events)}" if events < words.FEW else ""
    return f"95 of 100 likes of the stream{few}"


def _of(part: int, whole: int, what: str) -> str:
    return f"{words.number(part)} of {words.number(whole)} {what}" if whole > 0 else "none came"

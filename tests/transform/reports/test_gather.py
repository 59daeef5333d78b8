"""Of what moved, that is called a rise or a fall which chance does not explain."""

from datetime import UTC, date, datetime

import pytest
from msgspec.structs import replace

from tests.transform.reports import example
from transform.reports import gather, sentences
from transform.reports.periods import day
from transform.reports.questions import Answer, asked

PERIOD = day(date(2026, 1, 31))


def moved(direction, film, deviations):
    return {
        "direction": direction, "movie_id": film, "title": None, "net_likes": 9,
        "net_likes_before": 3, "rank": 2, "rank_before": 5,
        "peak_score": None, "peak_hour": None, "peak_net_likes": None,
        "deviations": deviations,
    }  # fmt: skip


def report(*movers, audits=()):
    heat = [{"weekday": n % 7 + 1, "hour": n // 7, "likes": 0} for n in range(7 * 24)]
    rows = dict.fromkeys(asked(PERIOD), ()) | {
        "movers": movers, "audits": audits, "heat_by_weekday": heat,
        "period_lag": [{"p95_ms": None, "late": None, "likes": 0}],
    }  # fmt: skip
    return gather.report(PERIOD, {name: Answer(one, 0, 0.0) for name, one in rows.items()})


@pytest.mark.parametrize("far", [sentences.CHANCE, 9.5])
def test_what_moved_further_rose_or_fell(far):
    told = report(moved("rose", "a", far), moved("rose", "b", 1.7), moved("fell", "c", -far))
    assert [film.movie_id for film in told.rose] == ["a"]
    assert [film.movie_id for film in told.fell] == ["c"]
    assert told.nearest is None


def test_where_nothing_did_the_one_that_came_furthest_is_told_apart():
    told = report(moved("rose", "a", 3.9), moved("rose", "b", 1.7), moved("fell", "c", -3.9))
    assert (told.rose, told.fell) == ([], [])
    assert told.nearest and told.nearest.movie_id == "a"


def test_a_report_of_before_this_was_told_apart_is_read_as_one_made_now():
    far, near, *_ = example.daily().rose
    far, near = replace(far, deviations=9.5), replace(near, deviations=1.7)
    down = replace(example.daily().fell[0], deviations=-3.9)
    old = replace(example.daily(), rose=[far, near], fell=[down])
    now = gather.beyond_chance(old)
    assert (now.rose, now.fell, now.nearest) == ([far], [], None)
    now = gather.beyond_chance(replace(old, rose=[near]))
    assert (now.rose, now.nearest) == ([], near)
    assert gather.beyond_chance(now) == now


def test_the_last_audit_is_told_apart_from_what_others_found_and_what_was_mended():
    first, second, third = (datetime(2026, 2, 1, hour, tzinfo=UTC) for hour in (3, 4, 5))
    rows = [
        (third, "counted", 7, 0, "", True),
        (third, "in_lake", 7, 0, "", True),
        (second, "mended", 2, 0, "1 count set", False),
        (first, "counted", 9, 2, "m +2", False),
        (first, "in_errors", 1, 1, "", False),
    ]
    names = ("at", "item", "number", "differs", "detail", "is_last")
    told = report(audits=[dict(zip(names, r, strict=True)) | {"audits": 9} for r in rows]).audited
    assert told and (told.at, told.audits, told.differs, told.off) == (third, 9, 0, [first])
    assert [(one.item, one.number) for one in told.items] == [("counted", 7), ("in_lake", 7)]
    assert [(one.at, one.detail) for one in told.mended] == [(second, "1 count set")]
    assert report().audited is None

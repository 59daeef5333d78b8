"""TrendReport: whatever happens, each report stands whole, is true, and is announced."""

import random
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from msgspec.structs import replace

import queries
from tests.examples import examples
from tests.queries.lake import Lake, like
from tests.transform.handlers.report_world import NOW, World
from tests.transform.reports import example
from transform.aws import report_store, reporting
from transform.reports import csv_files
from transform.reports.schedule import NotOver

D, WEEK = "2026-02-28", "2026-W09"
NEXT, PREVIOUS = "2026-03-01", "2026-02-27"


class Crash(Exception):
    """The end of a process, anywhere."""


@pytest.fixture
def world(monkeypatch):
    # One call at a time, so that what happens between two of them happens there each time.
    monkeypatch.setattr(report_store, "READERS", 1)
    return World()


def late(day=D, n=1):
    """Likes of a day that came after all else."""
    at = datetime.fromisoformat(f"{day}T07:00:00+00:00")
    return [
        like(90_000 + i, at, event_id=f"late-{day}-{i}", received_at=at + timedelta(days=9))
        for i in range(n)
    ]


def test_a_report_is_figures_tables_and_a_page_that_a_browser_shows(world):
    assert world.run(day=D) == {D: "made"}
    assert set(world.objects()) == {
        *(
            f"reports/{D}.json",
            f"reports/{D}.html",
            "reports/",
            "reports/index.html",
            "reports/latest.json",
        ),
        *(f"reports/{D}/{name}" for name in csv_files.NAMES),
        f"state/reports/{D}.json",
    }
    kinds = world.s3.kinds
    assert kinds[f"reports/{D}.html"] == kinds["reports/index.html"] == "text/html; charset=utf-8"
    assert kinds[f"reports/{D}/top.csv"] == "text/csv; charset=utf-8"
    assert kinds[f"reports/{D}.json"] == kinds["reports/latest.json"] == "application/json"
    order = [key for key in world.s3.writes if key in world.objects()]
    last = 1 + len(csv_files.NAMES)
    assert order[0] == f"reports/{D}.json" and order[last] == f"reports/{D}.html"
    assert order[last + 1 :] == [
        "reports/index.html",
        "reports/",
        "reports/latest.json",
        f"state/reports/{D}.json",
    ]
    assert world.announced == [(D, 0)]


def test_run_again_nothing_is_asked_written_or_announced(world):
    world.run(day=D)
    before, asked, writes = world.objects(), world.asked, len(world.s3.writes)
    assert world.run(day=D) == {D: "unchanged"}
    assert (world.objects(), world.asked, len(world.s3.writes)) == (before, asked, writes)
    assert world.announced == [(D, 0)]


def test_the_same_lake_gives_the_same_bytes(world):
    other = World()
    for made in (world, other):
        made.run(day=D)
        made.run(week=WEEK, now=NOW + timedelta(days=3))
    assert world.objects() == other.objects()


def test_a_late_like_restates_its_own_day_and_week_and_nothing_else(world):
    days = [PREVIOUS, D, NEXT]
    for name in days:
        world.run(day=name)
    for name in (WEEK, "2026-W10"):
        world.run(week=name)
    first, before = world.report(D), world.objects()
    world.like(late(n=3))
    assert [world.run(day=name)[name] for name in days] == ["unchanged", "restated", "unchanged"]
    assert world.run(week=WEEK) == {WEEK: "restated"}
    assert world.run(week="2026-W10") == {"2026-W10": "unchanged"}
    after = world.objects()
    changed = {key for key in before if before[key] != after[key]}
    assert {f"reports/{D}.html", f"reports/{WEEK}.html"} <= changed
    assert not [key for key in changed if NEXT in key or PREVIOUS in key or "W10" in key]
    told = world.report(D)
    assert told.totals.likes == first.totals.likes + 3
    assert told.restated.times == 1
    assert told.restated.net_first == first.totals.net
    assert told.restated.events_first == first.totals.likes + first.totals.unlikes
    assert world.announced[5:] == [(D, 1), (WEEK, 1)]


def test_restated_again_it_still_tells_of_the_first_edition(world):
    world.run(day=D)
    first = world.report(D)
    for times in (1, 2, 3):
        world.like(late(n=times * 2))
        assert world.run(day=D) == {D: "restated"}
        told = world.report(D).restated
        assert (told.times, told.net_first) == (times, first.totals.net)
    assert world.announced == [(D, 0), (D, 1), (D, 2), (D, 3)]


def test_a_report_that_stands_since_chance_rose_too_says_what_one_says_that_is_made_now(world):
    world.run(day=D)
    key = f"reports/{D}.json"
    near = replace(example.daily().rose[0], title="Noise", deviations=1.7)
    old = msgspec.json.encode(replace(world.report(D), rose=[near], fell=[near]))
    world.s3.add(key, old)
    assert world.run(day=D) == {D: "unchanged"}
    assert world.objects()[key] == old
    told = "No film rose by more than chance explains"
    for name in (f"{D}.html", "index.html", "latest.json"):
        assert told in world.objects()[f"reports/{name}"].decode(), name
    assert "Noise" not in world.objects()[f"reports/{D}/movers.csv"].decode()


def test_the_same_likes_in_other_files_change_nothing(world):
    world.run(day=D)
    before = {key: body for key, body in world.objects().items() if "state/" not in key}
    for key in [key for key in world.s3.objects if key.startswith(f"likes/day={D}/")]:
        world.s3.add(key, world.s3.objects[key] + b" ")
    asked = world.asked
    assert world.run(day=D) == {D: "unchanged"}
    assert world.asked > asked
    assert {key: body for key, body in world.objects().items() if "state/" not in key} == before
    asked = world.asked
    world.run(day=D)
    assert world.asked == asked


def test_a_day_without_likes_has_a_report_too(world):
    assert world.run(day="2026-03-10") == {"2026-03-10": "made"}
    told = world.report("2026-03-10")
    assert told.totals.likes == told.totals.films == 0
    assert (told.top, told.rose, told.fell, told.quality.newest_like) == ([], [], [], None)
    assert [sum(row.likes) for row in told.heat] == [0] * 7
    assert f"{told.period.name}" in world.objects()["reports/index.html"].decode()


def test_each_morning_late_likes_are_looked_for_in_the_week_before(world):
    def morning(day):
        at = datetime.fromisoformat(f"{day}T06:00:00+00:00")
        return world.run(now=at, scheduled="day")

    assert morning("2026-02-28") == {PREVIOUS: "made"}
    assert morning("2026-03-01") == {D: "made", PREVIOUS: "unchanged"}
    assert world.run(now=datetime(2026, 3, 2, 6, 15, tzinfo=UTC), scheduled="week") == {
        WEEK: "made", D: "unchanged", PREVIOUS: "unchanged",
    }  # fmt: skip
    world.like(late(PREVIOUS))
    assert morning("2026-03-03") == {
        "2026-03-02": "made", NEXT: "made", D: "unchanged", PREVIOUS: "restated",
        WEEK: "restated",
    }  # fmt: skip
    asked = world.asked
    assert set(morning("2026-03-03").values()) == {"unchanged"}
    assert world.asked == asked, "a listing a day tells that there is nothing to ask"
    world.like(late(PREVIOUS, n=2))
    assert PREVIOUS not in morning("2026-03-08"), "that is more than a week ago"


def test_a_call_that_comes_late_is_about_when_it_was_due(world):
    due = "2026-03-01T06:00:00Z"
    assert world.run(now=datetime(2026, 3, 2, 1, tzinfo=UTC), scheduled="day", time=due) == {
        D: "made"
    }


def test_a_period_that_is_not_over_has_no_report(world):
    now = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
    for call in ({"day": "2026-03-01"}, {"day": "2026-03-02"}, {"week": WEEK}):
        with pytest.raises(NotOver, match="is not over yet"):
            world.run(now=now, **call)
    assert world.run(now=now + timedelta(minutes=1), week=WEEK) == {WEEK: "made"}


@pytest.mark.parametrize(
    "call",
    [{}, {"day": D, "week": WEEK}, {"day": WEEK}, {"week": D}, {"day": "2026-02-30"},
     {"day": "today"}, {"week": "2026-W54"}],
)  # fmt: skip
def test_what_names_no_period_is_one_clear_sentence(world, call):
    with pytest.raises(ValueError, match=r"^[A-Z\"].*\.$"):
        world.run(**call)


@pytest.mark.parametrize("seed", range(examples(1)))
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_that_is_cut_off_anywhere_is_made_up_for_by_the_next(world, when, seed):
    """What then stands is what would stand had nothing happened; each edition is announced."""
    rng = random.Random(seed)
    whole = World()
    for added in ([], late(), late(n=4)):
        for one in (world, whole):
            one.like(added)
        whole.run(day=D)
        for nth in range(1, 200):
            calls = iter(range(nth))

            def crash(call, key, calls=calls):
                if next(calls, None) is None:
                    raise Crash

            setattr(world.s3, when, crash)
            announce = world.announce
            if rng.random() < 0.3:
                world.announce = _failing
            try:
                world.run(day=D)
                done = True
            except Crash:
                done = False
            world.announce = announce
            setattr(world.s3, when, lambda call, key: None)
            if done:
                break
        world.run(day=D)
        assert world.objects() == whole.objects()
    assert set(world.announced) == set(whole.announced) == {(D, 0), (D, 1), (D, 2)}


def _failing(made):
    raise Crash


def test_an_announcement_that_failed_is_made_by_the_next_run(world):
    announce, world.announce = world.announce, _failing
    with pytest.raises(Crash):
        world.run(day=D)
    assert f"reports/{D}.html" in world.objects()
    world.announce = announce
    assert world.run(day=D) == {D: "made"}
    assert world.run(day=D) == {D: "unchanged"}
    assert world.announced == [(D, 0)]


@pytest.mark.parametrize("nth", range(60))
def test_runs_beside_each_other_do_no_harm(world, nth):
    """Between any two calls of one, late likes come and another run makes the report whole."""
    calls = iter(range(nth))

    def meanwhile(call, key):
        if next(calls, None) is None:
            world.s3.before = lambda call, key: None
            world.like(late(n=5))
            world.run(day=D)
            world.run(day=NEXT)

    world.s3.before = meanwhile
    world.run(day=D)
    world.s3.before = lambda call, key: None
    world.run(day=D)
    stands = world.report(D)
    likes = sum(r["action"] == "like" for r in world.rows if str(r["liked_at"].date()) == D)
    assert stands.totals.likes == likes
    page, index = (world.objects()[f"reports/{name}.html"].decode() for name in (D, "index"))
    assert page == report_store.page(stands)
    reports = [world.report(period.name) for period in world.store.standing()]
    assert index == report_store.index(reports)


def test_likes_that_come_while_it_asks_are_asked_for_again(world):
    first = iter([late(n=2)])

    def arrive():
        for likes in first:
            world.like(likes)

    world.while_asked = arrive
    world.run(day=D)
    asked = world.asked
    assert world.run(day=D) == {D: "unchanged"}
    assert world.asked == asked, "what was written down is what was asked"
    likes = sum(r["action"] == "like" for r in world.rows if str(r["liked_at"].date()) == D)
    told = world.report(D)
    assert told.totals.likes == sum(told.heat[-1].likes) == likes


def test_a_page_that_somebody_removed_comes_back(world):
    world.run(day=D)
    before = world.objects()
    del world.s3.objects[f"reports/{D}.html"], world.s3.objects["reports/index.html"]
    assert world.run(day=D) == {D: "unchanged"}
    assert world.objects() == before


def test_the_newest_day_is_the_latest_whatever_was_made_last(world):
    for name in (NEXT, PREVIOUS):
        world.run(day=name)
    world.run(week=WEEK)
    latest = world.objects()["reports/latest.json"].decode()
    assert f'"name":"{NEXT}"' in latest and f'"href":"/reports/{NEXT}.html"' in latest


def test_the_rows_of_an_answer_are_plain_python(tmp_path):
    frame = queries.run(
        "SELECT CAST(NULL AS varchar) AS a, 1 AS b, 1.5 AS c, TIMESTAMP '2026-01-31 12:00:00' AS d,"
        " DATE '2026-01-31' AS e, CAST(NULL AS bigint) AS f, 'x' AS g",
        connection=Lake(tmp_path).connection,
    )
    at = datetime(2026, 1, 31, 12, tzinfo=UTC)
    [row] = reporting.rows(frame)
    assert row == {
        "a": None, "b": 1, "c": 1.5, "d": at, "e": date(2026, 1, 31), "f": None, "g": "x",
    }  # fmt: skip
    assert type(row["b"]) is int and type(row["d"]) is datetime

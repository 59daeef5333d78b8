"""What a backfill makes of files: what is in the lake, counted, rejected and written down."""

import gzip
import json
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra.cli.backfill import ledger as ledgers
from infra.cli.backfill import line_chunks, parsing, segment, spill, tabular
from infra.cli.backfill.segment import Watcher, groups
from infra.cli.backfill.spill import Spill
from tests.fakes import refusal
from tests.infra.cli.backfill.world import NOW, World, line, lines, truth
from tests.raw_likes import HOUR, days
from transform.aws import adjusting
from transform.aws.buckets import Forbidden
from transform.lake import compaction, keys, staging
from transform.lake.division import WHOLE
from transform.lake.errors import NoRoom
from transform.lake.staging import Staging

MINUTE = 60_000
DAY = 24 * HOUR


def ids(world):
    return sorted(row.event_id for rows in world.rows().values() for row in rows)


def test_what_came_of_files_is_told_and_written_down(world):
    world.write("a.json", lines(line("1"), b"{}", line("1", "b"), line("2", "b", action="unlike")))
    world.write("b.json.gz", lines(line("3"), b"", b"no"))

    outcome = world.run("a.json", "b.json.gz")

    assert outcome.failed == {} and outcome.reasons == {"missing_movie_id": 1, "not_json": 1}
    ledger = outcome.ledger
    assert [ledger] == world.ledgers()
    told = ledger.totals
    assert (told.lines, told.likes, told.rejected, told.new, told.duplicates) == (7, 4, 2, 3, 1)
    assert world.adjusted() == world.counted() == {"a": 2, "b": -1}
    assert (ledger.number, ledger.began, ledger.ended) == (1, NOW, NOW)
    assert {progress.whole for progress in ledger.files.values()} == {True}
    assert world.restated == 1


def test_the_same_again_is_another_backfill_that_brings_nothing(world):
    world.write("a.json", lines(line("1"), b"{}"))
    world.run("a.json")
    stands = world.stands()

    ledger = world.run("a.json").ledger

    assert world.stands() == stands
    assert (ledger.number, ledger.totals.new) == (2, 0)


def test_what_is_merged_is_not_parsed_again(world, monkeypatch):
    data = lines(*(line(f"{n}") for n in range(40)))
    world.write("a.json", data)
    parsed = []
    parse = parsing._parse
    monkeypatch.setattr(
        parsing, "_parse", lambda chunk, *more: parsed.append(chunk) or parse(chunk, *more)
    )
    world.run("a.json")
    whole, firsts = world.fate.calls, sorted(chunk.first for chunk in parsed)
    again = World(world.folder)
    again.dies(whole // 2, "a.json")
    merged = next(iter(again.ledgers()[0].files.values()))
    parsed.clear()

    again.run("a.json")

    assert 1 < merged.lines < 40 and not merged.whole
    assert sorted(chunk.first for chunk in parsed) == [at for at in firsts if at > merged.lines]
    assert again.stands() == world.stands()


def test_an_array_in_one_line_longer_than_any_line_may_be_loses_nothing(world, monkeypatch):
    monkeypatch.setattr(line_chunks, "LONGEST_LINE", 500)
    ones = [line(f"{n}", "a") for n in range(40)]
    world.write("a.json", b"[" + b", ".join(ones) + b"]")

    world.run("a.json")

    assert world.counted() == {"a": 40} and not world.rejected()


@pytest.mark.parametrize("share", [0.4, 0.6, 0.9])
def test_rows_of_csv_that_are_none_are_rejected_once(world, monkeypatch, share):
    """Though they come beside tables of many rows, between which a run may be cut off."""
    monkeypatch.setattr(segment, "SEGMENT_ROWS", 4)
    monkeypatch.setattr(tabular, "rows", partial(tabular.rows, chunk_rows=3))
    rows = [f'"{n}",a,{NOW}' if n % 4 else f"{n},a" for n in range(20)]
    world.write("a.csv", "\n".join(["event_id,movie_id,liked_at", *rows]).encode())
    world.run("a.csv")
    assert len(world.rejected()) == 5 and world.counted() == {"a": 15}
    again = World(world.folder)
    again.dies(int(world.fate.calls * share), "a.csv")
    assert again.ledgers()[0].files

    again.run("a.csv")

    assert again.stands() == world.stands()
    told, truth = again.ledgers()[0].totals, world.ledgers()[0].totals
    assert (told.lines, told.likes, told.rejected) == (truth.lines, truth.likes, truth.rejected)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_rows_that_a_condition_leaves_out_do_not_bring_others_again(world, monkeypatch, share):
    monkeypatch.setattr(segment, "SEGMENT_ROWS", 2)
    monkeypatch.setattr(tabular, "rows", partial(tabular.rows, chunk_rows=4))
    rows = [f'"{n}",a,{n % 3}' if n % 4 else f"{n},a" for n in range(20)]
    world.write("a.csv", "\n".join(["event_id,movie_id,n", *rows]).encode())
    world.run("a.csv", where="n = '1'")
    again = World(world.folder)
    again.dies(int(world.fate.calls * share), "a.csv", where="n = '1'")

    again.run("a.csv", where="n = '1'")

    assert again.stands() == world.stands() and len(world.rejected()) == 5


def test_a_file_that_breaks_off_is_named_and_what_came_before_is_in(world):
    data = lines(*(line(f"{n:03}", note=f"{n**9}") for n in range(200)))
    broken = world.folder / "b.json.gz"
    broken.write_bytes(gzip.compress(data)[:-400])
    world.write("a.json", lines(line("a")))
    world.write("c.json", lines(line("c")))

    outcome = world.run("a.json", "b.json.gz", "c.json")

    assert list(outcome.failed) == [str(broken)]
    assert "its gzip data is cut off" in outcome.failed[str(broken)]
    found = ids(world)
    assert found == [*(f"{n:03}" for n in range(len(found) - 2)), "a", "c"] and len(found) > 50
    progress = outcome.ledger.files[str(broken)]
    assert (progress.lines, progress.whole) == (len(found) - 2, False)
    assert world.counted() == {"a": len(found)} and outcome.ledger.ended
    stands = world.stands()
    world.run("a.json", "b.json.gz", "c.json")
    assert world.stands() == stands


def test_a_bucket_that_is_forbidden_is_told_and_a_later_run_goes_on(world):
    world.write("a.json", lines(line("1"), b"{}"))

    def forbid(call, key):
        if call == "put" and key.startswith("likes/"):
            raise refusal("AccessDenied")

    world.s3.before = forbid
    with pytest.raises(Forbidden, match="likes/"):
        world.run("a.json")
    world.s3.before = world.fate

    assert world.run("a.json").ledger.number == 1
    assert world.counted() == {"a": 1} and len(world.rejected()) == 1


@pytest.mark.parametrize(
    ("module", "step"), [(Staging, "add"), (Staging, "once"), (compaction, "merge")]
)
def test_too_little_room_is_told_and_a_later_run_goes_on(world, monkeypatch, module, step):
    world.write("a.json", lines(*(line(f"{n}") for n in range(9))))

    def full(*given):
        raise NoRoom("There is no room to merge.")

    with monkeypatch.context() as patch:
        patch.setattr(module, step, full)
        with pytest.raises(NoRoom):
            world.run("a.json")

    assert world.run("a.json").ledger.number == 1 and world.counted() == {"a": 9}


def test_what_an_earlier_version_counted_itself_is_not_counted_again(world):
    """It added the likes of backfills to counts, once a ledger, and films remembered those of one
    that it had not ended."""
    world.write("a.json", lines(line("1"), line("2", "b"), line("3", "c")))
    world.run("a.json")
    counted = json.dumps(
        {"number": 1, "request": {"files": ["a"]}, "began": 1, "ended": 2, "counted": True,
         "counts": {"a": 1}, "forgotten": True}
    )  # fmt: skip
    open_ = json.dumps(
        {"number": 2, "request": {"files": ["b"]}, "began": 1, "counts": {"b": 1, "c": 1}}
    )
    for number, body in ((1, counted), (2, open_)):
        world.s3.add(ledgers.key(number), body.encode())
    for key in [key for key in world.s3.objects if key.startswith(("adjusted/", adjusting.KEY))]:
        del world.s3.objects[key]
    one = {"N": "1"}
    world.table.items = {
        "a": {"movie_id": {"S": "a"}, "likes": one},
        "b": {"movie_id": {"S": "b"}, "likes": one, "backfill-2": one},
    }
    world.compact()
    assert world.counted() == {"a": 1, "b": 1, "c": 1}


def test_a_like_without_a_time_happened_when_its_file_changed(world):
    at = NOW - 50 * HOUR
    world.write("a.json", lines(line("1", at=None)), at)
    world.run("a.json")
    assert world.rows() == {(at // DAY, WHOLE): truth("", line("1", at=None), at).rows}


def test_a_file_of_the_future_is_of_the_time_that_its_backfill_began(world):
    world.write("a.json", lines(line("1", at=None)), NOW + 50 * HOUR)
    assert world.dies(30, "a.json")
    world.now += HOUR
    world.run("a.json")
    assert world.rows() == {(NOW // DAY, WHOLE): truth("", line("1", at=None)).rows}


def test_ahead_is_what_lies_ahead_of_now(world):
    """Not of the time of the file, which may be a copy of what went on."""
    data = lines(line("1", at=NOW + 10 * MINUTE), line("2", at=NOW + 10 * MINUTE + 1))
    world.write("a.json", data, NOW - HOUR)
    assert world.run("a.json").reasons == {"liked_at_ahead": 1}
    assert ids(world) == ["1"] and [bad.line for bad in world.rejected()] == [2]


def test_more_than_a_round_goes_by_the_scratch_disk_and_comes_to_the_same(world, monkeypatch):
    given = [line(f"{n % 33}", "abc"[n % 3], NOW - n % 33 % 7 * 24 * HOUR) for n in range(60)]
    world.write("a.json", lines(*given))
    opened, taken = [], []
    memory_map, take = pa.memory_map, Spill.take
    monkeypatch.setattr(pa, "memory_map", lambda path: opened.append(path) or memory_map(path))
    monkeypatch.setattr(Spill, "take", lambda self, *a: taken.append(a) or take(self, *a))
    monkeypatch.setattr(segment, "SEGMENT_ROWS", 1_000)
    whole = World(world.folder)
    whole.run("a.json")
    assert len(taken) == 1 and not opened

    monkeypatch.setattr(segment, "STAGED_ROWS", 10)
    world.watcher = told = Told()
    outcome = world.run("a.json")

    assert len(taken) > 3 and len(set(opened)) > 3
    assert world.stands() == whole.stands()
    assert outcome.ledger.totals == whole.ledgers()[0].totals
    assert world.rows() == days(truth("", lines(*given)).rows)
    assert sorted(told.merged) == told.merged and told.merged[-1] == (60, 60)


def test_likes_that_bring_much_are_merged_fewer_at_a_time(world, monkeypatch):
    given = [line(f"{n}", at=NOW - n % 6 * 24 * HOUR, k="x" * 3_000) for n in range(60)]
    world.write("a.json", lines(*given))
    taken = []
    take = Spill.take
    monkeypatch.setattr(Spill, "take", lambda self, *a: taken.append(a) or take(self, *a))
    monkeypatch.setattr(segment, "SEGMENT_ROWS", 1_000)
    whole = World(world.folder)
    whole.run("a.json")
    assert len(taken) == 1

    monkeypatch.setattr(spill, "HELD", 10_000)  # beyond which they lie on disk
    monkeypatch.setattr(staging, "MOST", 70_000)
    world.run("a.json")
    assert len(taken) == 1 + 3  # two days of ten likes of 3 KB each
    assert world.stands() == whole.stands()


class Told(Watcher):
    """Keeps what it is told."""

    def __init__(self):
        self.read, self.merged, self.steps = [], [], []

    def reading(self, source, size, totals):
        self.read.append((size, totals.lines))

    def merging(self, done, likes):
        self.merged.append((done, likes))

    def counting(self, films):
        self.steps.append(films)

    def restating(self):
        self.steps.append("restating")


def test_a_watcher_is_told_how_far_it_is(world):
    data = lines(*(line(f"{n}") for n in range(5)))
    world.write("a.json", data)
    world.watcher = told = Told()
    world.run("a.json")
    assert told.read[-1] == (len(data), 5) and sorted(told.read) == told.read
    assert told.merged[-1] == (5, 5) and told.steps == [1, "restating"]


def test_files_of_all_kinds_are_read_by_the_same_wishes(world):
    wishes = {"fields": {"movie_id": "film", "event_id": "id"}, "unit": "s", "where": "film <> 'z'"}
    at = NOW // 1_000
    world.write(
        "a.json",
        b'{"film":"a","id":1,"liked_at":%d}\n{"film":"z","id":2}\n{"film":7,"id":"x"}\n' % at,
    )
    world.write("b.csv", b"film,id,liked_at\na,3,%d\nz,4,\n" % at)
    pq.write_table(
        pa.table({"film": ["a", "z"], "id": [5, 6], "liked_at": [at, at]}),
        world.folder / "c.parquet",
    )
    outcome = world.run("a.json", "b.csv", "c.parquet", **wishes)
    assert not outcome.failed and ids(world) == ["1", "3", "5", "x"]
    assert {row.liked_at for rows in world.rows().values() for row in rows} == {NOW}
    assert world.counted() == {"a": 3, "7": 1}


def test_a_condition_that_fails_names_the_file_and_the_others_are_read(world):
    world.write("a.json", lines(line("1", n="x")))
    world.write("b.json", lines(line("2", n="1")))
    outcome = world.run("a.json", "b.json", where="n::INTEGER = 1")
    assert len(outcome.failed) == 1 and ids(world) == ["2"]


def test_hours_go_together_until_a_round_is_full():
    sizes = {5: 4, 1: 3, 2: 3, 9: 20, 10: 1}
    assert list(groups(sizes, 7, 1)) == [{1: 3, 2: 3}, {5: 4}, {9: 20}, {10: 1}]
    assert list(groups(sizes, 7, 3)) == [{1: 3, 2: 3}, {5: 4}, {9: 20, 10: 1}]
    assert list(groups({}, 7, 24)) == []


def test_the_keys_of_the_lake_are_those_of_its_days(world):
    world.write("a.json", lines(line("1", at=NOW - 24 * HOUR), line("2", at=NOW)))
    world.run("a.json")
    told = [NOW // HOUR // 24 - 1, NOW // HOUR // 24]
    assert {keys.likes(day, WHOLE) for day in told} < world.s3.objects.keys()


def test_a_file_of_bad_lines_alone_is_named_and_one_of_which_nothing_is_wanted_is_not(world):
    world.write("bad.json", lines(b"{}", b"[]"))
    world.write("good.json", lines(line("1"), b"{}"))
    world.write(
        "chosen.csv", b"event_id,movie_id,n\n" + b"".join(b"%d,a,1\n" % n for n in range(9))
    )

    outcome = world.run("bad.json", "good.json")
    assert outcome.fruitless == [str(world.folder / "bad.json")]

    outcome = world.run("chosen.csv", where="n = '2'")
    assert outcome.fruitless == [] and outcome.ledger.totals.likes == 0

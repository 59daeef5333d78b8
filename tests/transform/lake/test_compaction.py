"""The merge of likes: each once, in its day and object, in one order, and the same bytes."""

import contextlib
import random
import subprocess
import sys
import tempfile
from collections import Counter
from itertools import permutations
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import raw_likes
from tests.examples import every, examples, nightly
from tests.raw_likes import HOUR, Row
from transform.lake import compaction, duck, parquet, raw_files, staging, totals
from transform.lake.division import MAX_BUCKETS, Division
from transform.lake.errors import NoRoom
from transform.lake.staging import Staging

NOON = 1_769_860_800_000 // HOUR  # 2026-01-31T12
DAY = NOON // 24
WHOLE = Division()


@pytest.fixture(params=["held", "spilled"])
def staged(request, tmp_path, monkeypatch):
    if request.param == "spilled":
        monkeypatch.setattr(staging, "HELD", 0)
    with duck.engine(tmp_path, 256, 2) as engine:
        yield Staging(engine)


@pytest.fixture(scope="module")
def sharing(tmp_path_factory):
    """An engine for many examples, each of which begins a staging area in it."""
    with duck.engine(tmp_path_factory.mktemp("engine"), 256, 1) as engine:
        yield engine


def files(folder, **named):
    paths = {}
    for name, body in named.items():
        paths[name] = folder / f"{name}.parquet"
        body = body if isinstance(body, bytes) else raw_likes.encode(body)
        paths[name].write_bytes(body)
    return paths


def like(event_id="e", movie_id="m", at=0, received=0, **more):
    told = {"user_id": None, "action": "like"} | more
    liked = NOON * HOUR + at
    return Row(event_id, movie_id, liked_at=liked, received_at=NOON * HOUR + received, **told)


def made_up(seed, count, hours=30):
    chance = random.Random(seed)
    return [
        like(
            f"{chance.getrandbits(64):x}",
            f"tt{chance.randrange(40):07}",
            chance.randrange(hours * HOUR),
            chance.randrange(hours * HOUR),
            user_id=chance.choice([None, f"user-{chance.randrange(1000)}"]),
            action=chance.choice(["like", "like", "unlike"]),
            source=chance.choice([None, "web", "tv"]),
            extra=chance.choice([None, '{"app":{"build":1}}']),
        )
        for _ in range(count)
    ]


def merge(*given):
    """Give what a merge comes to, by day."""
    return dict(compaction.merge(*given))


def merged(staged, folder, day=DAY, stands=None, division=WHOLE, threads=1):
    """Merge one day."""
    folder.mkdir(parents=True)
    return merge(staged, {day: stands or {}}, division, folder, threads)[day]


def of_the_lake(given, number=None):
    """Give rows with all columns of the lake."""
    return raw_likes.of_the_lake([row._replace(backfill=number) for row in given])


def arrive(staged, given, number=1, arrived_at=0):
    """Stage rows of a backfill."""
    staged.add([of_the_lake([row._replace(received_at=arrived_at) for row in given], number)])


def rows(files):
    return {name: raw_likes.decode(path) for name, path in files.items()}


def wanted(given, day=DAY, division=WHOLE):
    """Give what the objects of a day should hold."""
    return {name: held for (d, name), held in raw_likes.days(given, division).items() if d == day}


def by_hour(given):
    """Give how many likes each epoch hour has."""
    likes = raw_likes.first(given).values()
    return dict(sorted(Counter(row.liked_at // HOUR for row in likes).items()))


@pytest.fixture(scope="module")
def plain():
    """Any DuckDB."""
    with duckdb.connect() as connection:
        yield connection


@given(st.lists(st.text(max_size=64), max_size=20, unique=True), st.integers(1, 64))
def test_the_bucket_is_the_md5_of_the_event_id_in_any_engine(plain, event_ids, buckets):
    for event_id in event_ids:
        sql = f"SELECT {duck.bucket(buckets)} FROM (SELECT $1 AS event_id)"
        assert plain.execute(sql, [event_id]).fetchone() == (raw_likes.bucket(event_id, buckets),)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"use_deprecated_int96_timestamps": False, "coerce_timestamps": "ms"},
        {"use_deprecated_int96_timestamps": False, "coerce_timestamps": "us"},
        {"use_deprecated_int96_timestamps": False, "version": "2.6"},
        {"data_page_version": "2.0", "compression": "none", "use_dictionary": False},
    ],
)
def test_raw_files_of_any_writer_become_the_table_s_types(staged, tmp_path, how):
    given = [like("é'\"", at=1, received=999, extra='{"a":"ü"}'), like("b", user_id="u")]
    told = raw_files.load(staged, [files(tmp_path, raw=raw_likes.encode(given, **how))])
    assert told == raw_files.Loaded(2, {NOON: 2}, {})
    out = merged(staged, tmp_path / "out")
    assert rows(out.files) == wanted(given)  # decode compares the schema


def test_of_a_column_that_came_later_older_raw_files_have_nothing(staged, tmp_path):
    given = [like("old", source="web", extra='{"a":1}'), like("new", source="web")]
    older = raw_likes.table(given[:1]).drop_columns(["source", "extra"])
    told = raw_files.load(staged, [files(tmp_path, a=raw_likes.encode(older), b=given[1:])])
    assert told == raw_files.Loaded(2, {NOON: 2}, {})
    out = merged(staged, tmp_path / "out")
    assert rows(out.files) == wanted([given[0]._replace(source=None, extra=None), given[1]])


def test_files_that_differ_in_order_types_and_columns_are_merged_together(staged, tmp_path):
    given = made_up(1, 30)
    plain = raw_likes.table(given[:10])
    turned = raw_likes.table(given[10:20]).select(list(reversed(plain.column_names)))
    wider = raw_likes.table(given[20:]).append_column("later", pa.array([1] * 10))
    times = wider.set_column(4, "liked_at", wider["liked_at"].cast(pa.timestamp("us", "UTC")))
    paths = files(
        tmp_path,
        a=raw_likes.encode(plain),
        b=raw_likes.encode(turned),
        c=raw_likes.encode(times, use_deprecated_int96_timestamps=False),
    )
    told = raw_files.load(staged, [paths])
    assert (told.rows, told.failed) == (30, {})
    for day in (DAY, DAY + 1):
        out = merged(staged, tmp_path / str(day), day)
        assert rows(out.files) == wanted(given, day)


def test_rows_that_fail_midway_leave_what_is_staged_as_it_was(staged):
    """Though many others were spilled for them; and copies that were found once stay so."""
    given = made_up(4, 50)
    found = by_hour(given)

    def failing():
        yield of_the_lake(made_up(5, 50))
        raise RuntimeError

    staged.add([of_the_lake(given)])
    with pytest.raises(RuntimeError), pytest.MonkeyPatch.context() as patch:
        patch.setattr(staging, "HELD", 1)
        staged.add(failing())
    assert staged.once() == found
    assert staged.add([of_the_lake(given[:9])]) == 9
    assert staged.once() == staged.once() == found
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staging, "HELD", 1)
        assert staged.add([of_the_lake([like("one more")])]) == 1
    assert staged.once() == found | {NOON: found[NOON] + 1}
    with staged.session() as cursor:
        [(count,)] = cursor.execute("SELECT count(*) FROM staged WHERE hour > 0").fetchall()
    assert count == 51


@pytest.mark.parametrize("held", [0, 10_000, staging.HELD])
def test_large_parts_with_dictionaries_are_staged_as_they_are(tmp_path, monkeypatch, held):
    """As a backfill gives them: hour by hour, so that they stay as they are."""
    monkeypatch.setattr(staging, "HELD", held)
    given = sorted(made_up(6, 60), key=lambda row: row.liked_at)
    parts = []
    for first in range(0, 60, 20):
        part = of_the_lake(given[first : first + 20], 3)
        for name in parquet.CODED:
            coded = part[name].combine_chunks().dictionary_encode()
            part = part.set_column(part.schema.get_field_index(name), name, coded)
        parts.append(part)
    with duck.engine(tmp_path, 256, 2) as engine:
        staged = Staging(engine)
        assert staged.add(parts) == 60
        days = {hour // 24 for hour in staged.once()}
        found = merge(staged, {day: {} for day in days}, WHOLE, tmp_path)
    brought = [row._replace(backfill=3) for row in given]
    assert objects(found) == raw_likes.days(brought)


def test_of_the_copies_the_one_that_came_first_counts_wherever_it_is(staged, tmp_path):
    early = like(at=2 * HOUR, received=1)
    paths = files(tmp_path, a=[like(at=0, received=2), like("f")], b=[early], c=[early])
    assert raw_files.load(staged, [paths]) == raw_files.Loaded(4, {NOON: 1, NOON + 2: 1}, {})
    had = [like(at=2 * HOUR, received=1, user_id="a"), like("g", at=9 * HOUR)]
    stands = {"whole.parquet": files(tmp_path, stands=had)["stands"]}
    out = merged(staged, tmp_path / "out", DAY, stands)
    assert (out.rows, out.new) == (3, 1)
    users = {row.event_id: row.user_id for row in rows(out.files)["whole.parquet"]}
    assert users == {"e": "a", "f": None, "g": None}  # null comes last


@pytest.mark.parametrize("last", [WHOLE, Division(True, 2)])
def test_the_same_rows_give_the_same_bytes_however_they_came(tmp_path, monkeypatch, last):
    """In whatever batches, order and division, wherever they lie, with any number of threads."""
    monkeypatch.setattr(parquet, "ROW_GROUP", 3 * parquet.BATCH)
    given = made_up(3, 7_000, hours=12)  # more than one row group
    found = []
    for held, threads, parts, before in (
        (staging.HELD, 1, 1, WHOLE), (0, 2, 3, Division(False, 3)), (0, 3, 1, WHOLE),
        (staging.HELD, 8, 4, Division(True)),
    ):  # fmt: skip
        monkeypatch.setattr(staging, "HELD", held)
        scratch = tmp_path / str(threads)
        scratch.mkdir()
        random.Random(threads).shuffle(given)
        with duck.engine(scratch, 256, threads) as engine:
            staged = Staging(engine)
            stands, step = {}, -(-len(given) // parts)
            for part in range(parts):
                division = last if part == parts - 1 else before
                chunk = given[part * step : (part + 1) * step] + given[:10]
                raw_files.load(staged, [files(scratch, raw=chunk)])
                folder = scratch / f"out {part}"
                out = merged(staged, folder, DAY, stands, division, threads)
                stands = out.files
        assert rows(out.files) == wanted(given, DAY, last)
        if last == WHOLE:
            assert pq.read_metadata(out.files["whole.parquet"]).num_row_groups == 2
        found.append({n: path.read_bytes() for n, path in out.files.items()})
    assert all(one == found[0] for one in found)


def test_rows_that_move_are_held_whole_meanwhile(staged, tmp_path):
    given = made_up(4, 50, hours=3)
    raw_files.load(staged, [files(tmp_path, raw=given)])
    two = merged(staged, tmp_path / "two", DAY, {}, Division(False, 2))
    assert two.whole is None and len(two.files) == 2 and (two.rows, two.new) == (50, 50)
    raw_files.load(staged, [])
    again = merged(staged, tmp_path / "again", DAY, two.files, Division(False, 2))
    assert again.whole is None and again.new == 0
    three = merged(staged, tmp_path / "three", DAY, two.files, Division(True, 3))
    assert raw_likes.decode(three.whole) == wanted(given)["whole.parquet"]
    many = merged(staged, tmp_path / "many", DAY, {"whole.parquet": three.whole}, Division(True))
    assert many.whole and len(many.files) == 3 and many.rows == 50
    one = merged(staged, tmp_path / "one", DAY, many.files)
    assert one.whole is None and rows(one.files) == wanted(given)


def test_what_a_change_of_division_left_behind_is_merged_once(staged, tmp_path):
    """A whole object beside the parts it was made of, and one that somebody wrote meanwhile."""
    given = made_up(7, 50, hours=3)
    raw_files.load(staged, [files(tmp_path, raw=given)])
    parts = merged(staged, tmp_path / "parts", DAY, {}, Division(True)).files
    whole = merged(staged, tmp_path / "whole").files
    late = files(tmp_path, late=[like("late")])["late"]
    stands = parts | whole | {"hour-12-bucket-01-of-02.parquet": late}
    raw_files.load(staged, [])
    for division in (WHOLE, Division(True)):
        out = merged(staged, tmp_path / str(division), DAY, stands, division)
        assert rows(out.files) == wanted([*given, like("late")], DAY, division)
        assert (out.rows, out.new) == (51, 0)


@pytest.mark.parametrize("division", [WHOLE, Division(False, 3), Division(True)])
def test_totals_are_by_film_and_hour_and_in_their_order(staged, tmp_path, division):
    given = made_up(5, 300, hours=9)
    raw_files.load(staged, [files(tmp_path, raw=given)])
    streamed = merged(staged, tmp_path / "out", DAY, {}, division)
    assert raw_likes.totals(streamed.totals) == raw_likes.sums(given)
    brought = [row._replace(event_id=f"{row.event_id}'", backfill=4) for row in given[:99]]
    staged.begin()
    arrive(staged, brought, 4, NOON * HOUR)
    staged.once()
    out = merged(staged, tmp_path / "more", DAY, streamed.files, division)
    assert raw_likes.totals(out.totals) == raw_likes.sums([*given, *brought])
    with duck.cursor(staged.connection) as cursor:
        again = totals.of_files(cursor, out.files.values())
    assert totals.encode(again, "x") == totals.encode(out.totals, "x")
    assert totals.decode(totals.encode(again, "x"))[1] == "x"


GOOD = raw_likes.encode([like("good")])
TABLE = raw_likes.table([like("bad")])
BAD = {
    "empty": (b"", "too small"),
    "truncated": (raw_likes.encode(made_up(1, 500))[:-30], "magic bytes"),
    "no parquet": (b'{"event_id":"e"}\n' * 9, "magic bytes"),
    "column": (raw_likes.encode(TABLE.drop_columns("movie_id")), "It has no column movie_id."),
    "type": (
        raw_likes.encode(TABLE.set_column(1, "movie_id", pa.array([7]))),
        "Its column movie_id is BIGINT, not string.",
    ),
    "time": (
        raw_likes.encode(TABLE.set_column(4, "liked_at", pa.array(["2026-01-31"]))),
        "Its column liked_at is VARCHAR, not timestamp.",
    ),
    "null": (raw_likes.encode([like(None)]), "It has rows without event_id."),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_is_no_raw_likes_is_named_and_the_others_are_read(staged, tmp_path, name):
    body, reason = BAD[name]
    told = raw_files.load(staged, [files(tmp_path, a=GOOD, b=body, c=[like("too")])])
    assert (told.rows, told.hours, list(told.failed)) == (2, {NOON: 2}, ["b"])
    assert reason in told.failed["b"] and str(tmp_path) not in told.failed["b"]


def test_a_page_that_is_damaged_leaves_no_row_of_its_file(staged, tmp_path):
    body = raw_likes.encode(made_up(1, 5_000), row_group_size=1_000)
    damaged = body[: len(body) // 2] + bytes(3_000) + body[len(body) // 2 + 3_000 :]
    told = raw_files.load(staged, [files(tmp_path, a=GOOD, b=damaged)])
    assert (told.rows, told.hours, list(told.failed)) == (1, {NOON: 1}, ["b"])


def test_nothing_can_be_staged_too_and_a_day_merged_with_it_is_as_it_was(staged, tmp_path):
    assert raw_files.load(staged, []) == raw_files.Loaded(0, {}, {})
    assert merged(staged, tmp_path / "none") == compaction.Merged()
    two = Division(False, 2)
    assert merged(staged, tmp_path / "two", DAY, {}, two) == compaction.Merged()
    assert merge(staged, {}, two, tmp_path) == {}
    raw_files.load(staged, [files(tmp_path, raw=[like("a"), like("b", at=24 * HOUR)])])
    stood = merge(staged, {DAY: {}, DAY + 1: {}}, WHOLE, tmp_path)
    body = stood[DAY + 1].files["whole.parquet"].read_bytes()
    raw_files.load(staged, [])
    again = merged(staged, tmp_path / "again", DAY + 1, stood[DAY + 1].files)
    assert again.files["whole.parquet"].read_bytes() == body and (again.rows, again.new) == (1, 0)


def test_a_full_disk_is_no_bad_file(tmp_path, monkeypatch):
    monkeypatch.setattr(staging, "HELD", 2**20)
    paths = files(tmp_path, raw=[like(f"{n}", extra="x" * 4_000) for n in range(20_000)])
    with duck.engine(tmp_path, 48, 1) as engine:
        staged = Staging(engine)
        engine.execute("SET max_temp_directory_size = '1MB'")
        with pytest.raises(NoRoom, match="There is no room to merge"):
            raw_files.load(staged, [paths])


def test_a_disk_that_is_full_when_the_day_is_written_is_no_room(staged, tmp_path):
    raw_files.load(staged, [files(tmp_path, raw=made_up(1, 5_000, hours=1))])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / f"{DAY * 24 * MAX_BUCKETS}.parquet").symlink_to("/dev/full")
    with pytest.raises(NoRoom, match="There is no room to merge"):
        merge(staged, {DAY: {}}, WHOLE, tmp_path / "out")


MEMORY = """
import resource, sys
from pathlib import Path
from transform.lake import compaction, duck, raw_files
from transform.lake.division import Division
from transform.lake.staging import Staging

folder = Path(sys.argv[1])
with duck.engine(folder, 192, 1) as engine:
    staged = Staging(engine)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    raw_files.load(staged, [{"raw": folder / "raw.parquet"}])
    stands = {0: {"whole.parquet": folder / "stands.parquet"}}
    [(_, out)] = compaction.merge(staged, stands, Division(), folder)
    print(out.rows)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(grown // (1024 if sys.platform == "linux" else 1024**2))
"""


@nightly
def test_a_day_much_larger_than_the_memory_spills(tmp_path):
    """Half a gigabyte of rows, as DuckDB holds them, in 192 MB."""
    with duckdb.connect() as connection:
        for name, first, last in (("raw", 0, 400_000), ("stands", 300_000, 1_000_000)):
            connection.execute(f"""
                COPY (
                  SELECT md5(n::VARCHAR) || '----' AS event_id, 'tt' || n % 999 AS movie_id,
                    'user-' || n AS user_id, 'like' AS action,
                    make_timestamp_ms(n * 7 % 86400000) AS liked_at,
                    make_timestamp_ms(n * 7 % 86400000) AS received_at,
                    NULL::VARCHAR AS source, repeat(md5(n::VARCHAR), 10) AS extra
                  FROM range({first}, {last}) AS made(n)
                ) TO '{tmp_path / name}.parquet'
                (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 8192)""")
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path)],
        cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows, grown = map(int, done.stdout.split())
    assert rows == 1_000_000
    assert grown < 300


def test_rows_of_a_backfill_say_which_it_was_and_when_their_file_was_changed(staged, tmp_path):
    given = made_up(5, 60)
    staged.begin()
    for part in range(3):
        arrive(staged, given[part::3] + given[:5], 7, arrived_at=NOON * HOUR)
    hours = staged.once()
    brought = [row._replace(received_at=NOON * HOUR, backfill=7) for row in given]
    assert hours == by_hour(brought)
    found = merge(staged, {hour // 24: {} for hour in hours}, WHOLE, tmp_path)
    assert objects(found) == raw_likes.days(brought)


@pytest.mark.parametrize("order", list(permutations(range(4)))[:: every(4)], ids=str)
def test_a_like_is_that_of_the_stream_or_of_the_first_backfill_in_any_order(
    order, sharing, monkeypatch, tmp_path
):
    """Whether the copies come in batches of their own or in one, and however early they arrived."""
    copies = [like(user_id="stream", received=9), *(like(user_id=f"{n}") for n in range(1, 4))]
    for most in (0, staging.HELD):
        monkeypatch.setattr(staging, "HELD", most)
        staged = Staging(sharing)
        stands, came = {}, []
        for step, number in enumerate(order):
            at = NOON * HOUR - number
            row = copies[number]._replace(backfill=number or None)
            if number:
                row = row._replace(received_at=at)
                staged.begin()
                arrive(staged, [row], number, at)
                staged.once()
            else:
                raw_files.load(staged, [files(tmp_path, raw=[row])])
            out = merged(staged, tmp_path / f"out-{most}-{step}", DAY, stands)
            came.append(row)
            assert out.new == (step == 0)
            one = [min(came, key=lambda row: row.backfill or 0)]
            assert rows(out.files) == {"whole.parquet": one}
            stands = out.files
        raw_files.load(staged, [files(tmp_path, raw=[row for row in came if not row.backfill])])
        for row in came:
            if row.backfill:
                arrive(staged, [row], row.backfill, row.received_at)
        assert staged.once() == {NOON: 1}
        found = merged(staged, tmp_path / f"one-{most}")
        assert rows(found.files) == {"whole.parquet": [copies[0]]}


def test_a_file_that_was_written_before_a_column_was_added_is_merged(staged, tmp_path):
    """Beside others that have it, in the same day and others; and so are its rows divided."""
    old, late = tmp_path / "old.parquet", tmp_path / "late.parquet"
    pq.write_table(raw_likes.table([like("old")]).drop_columns("extra"), old)
    pq.write_table(raw_likes.table([like("late", at=24 * HOUR)]), late)
    raw_files.load(staged, [files(tmp_path, raw=[like("new"), like("too", at=24 * HOUR)])])
    now = merged(staged, tmp_path / "now", DAY + 1, {"whole.parquet": late})
    assert [row.event_id for row in rows(now.files)["whole.parquet"]] == ["late", "too"]
    assert now.new == 1
    stands = {DAY: {"whole.parquet": old}, DAY + 1: now.files}
    found = merge(staged, stands, WHOLE, tmp_path)
    assert [row.event_id for row in rows(found[DAY].files)["whole.parquet"]] == ["new", "old"]
    assert (found[DAY].new, found[DAY + 1].new) == (1, 0)
    given = [like(name) for name in ("old", "new")]
    given += [like("late", at=24 * HOUR), like("too", at=24 * HOUR)]
    five = Division(True, 5)
    assert objects(merge(staged, stands, five, tmp_path)) == raw_likes.days(given, five)


def objects(found):
    """Give what the files of days hold, by day and name."""
    return {(d, name): got for d, out in found.items() for name, got in rows(out.files).items()}


DIVISIONS = st.builds(Division, st.booleans(), st.integers(1, 4))


@settings(max_examples=examples(20))
@given(st.data())
def test_days_merged_together_have_the_bytes_that_they_have_alone(sharing, data):
    """Whatever they hold, and however they are divided and were."""
    given = made_up(data.draw(st.integers(0, 99)), data.draw(st.integers(1, 60)), hours=99)
    before, after = data.draw(DIVISIONS), data.draw(DIVISIONS)
    known = data.draw(st.integers(0, len(given)))
    days = data.draw(st.lists(st.integers(DAY - 1, DAY + 5), unique=True, min_size=2, max_size=4))
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(staging, "HELD", data.draw(st.sampled_from([0, 4_000, staging.HELD])))
        root = Path(folder)
        staged = Staging(sharing)
        raw_files.load(staged, [files(root, raw=given[:known])])
        (root / "stood").mkdir()
        stood = merge(staged, {day: {} for day in days}, before, root / "stood")
        stands = {day: out.files for day, out in stood.items()}
        raw_files.load(staged, [files(root, raw=given[known // 2 :])])
        (root / "all").mkdir()
        together = merge(staged, stands, after, root / "all", 2)
        assert together.keys() == set(days)
        for day in days:
            alone = merged(staged, root / f"alone {day}", day, stands[day], after)
            assert contents(together[day]) == contents(alone)
        everything = raw_likes.days(given, after)
        assert objects(together) == {p: rows for p, rows in everything.items() if p[0] in days}


def contents(out):
    """Give a day with what its files hold in place of where they lie."""
    bodies = {number: path.read_bytes() for number, path in out.files.items()}
    whole = out.whole and out.whole.read_bytes()
    return bodies, out.totals.to_pylist(), whole, out.rows, out.new


def test_long_extra_and_several_row_groups_have_the_same_bytes_in_any_division(tmp_path):
    """Its pages end within batches; beside small days, which are written by other threads."""
    chance = random.Random(8)
    large = [
        like(f"{n:05}", at=n, extra=chance.randbytes(chance.choice([1, 2_000])).hex())
        for n in range(16_000)
    ]
    small = [like(f"small-{n}", at=(n + 1) * 24 * HOUR) for n in range(9)]
    found = []
    for threads, known in ((1, 0), (4, 7_000)):
        scratch = tmp_path / str(threads)
        scratch.mkdir()
        with duck.engine(scratch, 512, threads) as engine:
            staged = Staging(engine)
            raw_files.load(staged, [files(scratch, raw=large[:known] + small[:2])])
            stood = merged(staged, scratch / "stood")
            chance.shuffle(large)
            raw_files.load(staged, [files(scratch, raw=large + small)])
            stands = {DAY: stood.files} | {DAY + 1 + n: {} for n in range(9)}
            out = merge(staged, stands, WHOLE, scratch, threads)
        assert [out[DAY + 1 + n].rows for n in range(9)] == 9 * [1]
        assert out[DAY].new == len(large) - known
        found.append(out[DAY].files["whole.parquet"].read_bytes())
    assert pq.read_metadata(pa.BufferReader(found[0])).num_row_groups == 2
    assert found[0] == found[1]
    assert raw_likes.decode(found[0]) == wanted(large)["whole.parquet"]

"""The merge of likes: each once, in its hour and bucket, in one order, and the same bytes."""

import contextlib
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import raw_likes
from tests.raw_likes import HOUR, Row
from transform.lake import compaction, duck, parquet, raw_files, staging
from transform.lake.errors import NoRoom
from transform.lake.staging import Staging
from transform.trends import rollups

NOON = 1_769_860_800_000 // HOUR  # 2026-01-31T12


@pytest.fixture(params=["held", "spilled"])
def staged(request, tmp_path, monkeypatch):
    if request.param == "spilled":
        monkeypatch.setattr(staging, "HELD", 0)
    with duck.engine(tmp_path, 256, 2) as engine:
        yield Staging(engine)


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


def made_up(seed, count, hours=3):
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
    """Give what a merge comes to, by hour."""
    return dict(compaction.merge(*given))


def merged(staged, folder, hour, stands=None, buckets=1, threads=1):
    """Merge one hour."""
    folder.mkdir(parents=True)
    return merge(staged, {hour: stands or {}}, buckets, folder, threads)[hour]


def of_the_lake(given, number=None):
    """Give rows with all columns of the lake."""
    numbers = pa.array([number] * len(given), pa.int32())
    return raw_likes.table(given).append_column("backfill", numbers)


def arrive(staged, given, number=1, arrived_at=0):
    """Stage rows of a backfill."""
    staged.add([of_the_lake([row._replace(received_at=arrived_at) for row in given], number)])


def rows(files):
    return {number: raw_likes.decode(path) for number, path in files.items()}


@given(st.lists(st.text(max_size=64), max_size=20, unique=True), st.integers(1, 64))
def test_the_bucket_is_the_md5_of_the_event_id_in_any_engine(event_ids, buckets):
    with duckdb.connect() as connection:
        for event_id in event_ids:
            sql = f"SELECT {duck.bucket(buckets)} FROM (SELECT $1 AS event_id)"
            assert connection.execute(sql, [event_id]).fetchone() == (
                raw_likes.bucket(event_id, buckets),
            )


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
    out = merged(staged, tmp_path / "out", NOON)
    assert rows(out.files) == {0: raw_likes.hours(given)[NOON, 0]}  # decode compares the schema


def test_of_a_column_that_came_later_older_raw_files_have_nothing(staged, tmp_path):
    given = [like("old", source="web", extra='{"a":1}'), like("new", source="web")]
    older = raw_likes.table(given[:1]).drop_columns(["source", "extra"])
    told = raw_files.load(staged, [files(tmp_path, a=raw_likes.encode(older), b=given[1:])])
    assert told == raw_files.Loaded(2, {NOON: 2}, {})
    wanted = [given[0]._replace(source=None, extra=None), given[1]]
    out = merged(staged, tmp_path / "out", NOON)
    assert rows(out.files) == {0: raw_likes.hours(wanted)[NOON, 0]}


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
    for hour in told.hours:
        out = merged(staged, tmp_path / str(hour), hour)
        assert rows(out.files) == {0: raw_likes.hours(given)[hour, 0]}


def test_rows_that_fail_midway_leave_what_is_staged_as_it_was(staged):
    """Though many others were spilled for them; and copies that were found once stay so."""
    given = made_up(4, 50)
    wanted = {hour: len(held) for (hour, _), held in raw_likes.hours(given).items()}

    def failing():
        yield of_the_lake(made_up(5, 50))
        raise RuntimeError

    staged.add([of_the_lake(given)])
    with pytest.raises(RuntimeError), pytest.MonkeyPatch.context() as patch:
        patch.setattr(staging, "HELD", 1)
        staged.add(failing())
    assert staged.once() == wanted
    assert staged.add([of_the_lake(given[:9])]) == 9
    assert staged.once() == staged.once() == wanted
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staging, "HELD", 1)
        assert staged.add([of_the_lake([like("one more")])]) == 1
    assert staged.once() == wanted | {NOON: wanted[NOON] + 1}
    with staged.session() as cursor:
        [(count,)] = cursor.execute("SELECT count(*) FROM staged WHERE hour > 0").fetchall()
    assert count == 51


@pytest.mark.parametrize("held", [0, 10_000, staging.HELD])
def test_large_parts_with_dictionaries_are_staged_as_they_are(tmp_path, monkeypatch, held):
    """As a backfill gives them: hour by hour, so that they stay as they are."""
    monkeypatch.setattr(staging, "HELD", held)
    monkeypatch.setattr(staging, "LARGE", 2)
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
        hours = staged.once()
        found = merge(staged, {hour: {} for hour in hours}, 1, tmp_path)
    wanted = raw_likes.hours(row._replace(backfill=3) for row in given)
    assert {(h, 0): raw_likes.decode(out.files[0]) for h, out in found.items()} == wanted


def test_of_the_copies_the_one_that_came_first_counts_wherever_it_is(staged, tmp_path):
    early = like(at=2 * HOUR, received=1)
    paths = files(tmp_path, a=[like(at=0, received=2), like("f")], b=[early], c=[early])
    assert raw_files.load(staged, [paths]) == raw_files.Loaded(4, {NOON: 1, NOON + 2: 1}, {})
    had = [like(at=2 * HOUR, received=1, user_id="a"), like("g", at=2 * HOUR)]
    stands = {0: files(tmp_path, stands=had)["stands"]}
    out = merged(staged, tmp_path / "out", NOON + 2, stands)
    assert (out.rows, out.new) == (2, 0)
    assert raw_likes.decode(out.files[0])[0].user_id == "a"  # null comes last


@pytest.mark.parametrize("buckets", [1, 5])
def test_the_same_rows_give_the_same_bytes_however_they_came(tmp_path, monkeypatch, buckets):
    """In whatever batches, order and division, wherever they lie, with any number of threads."""
    given = made_up(3, 70_000, hours=1)  # more than one row group
    found = []
    for held, threads, parts, before in (
        (staging.HELD, 1, 1, 1), (0, 2, 3, 3), (0, 3, 1, 1), (staging.HELD, 8, 4, 2),
    ):  # fmt: skip
        monkeypatch.setattr(staging, "HELD", held)
        scratch = tmp_path / str(threads)
        scratch.mkdir()
        random.Random(threads).shuffle(given)
        with duck.engine(scratch, 256, threads) as engine:
            staged = Staging(engine)
            stands, step = {}, -(-len(given) // parts)
            for part in range(parts):
                last = part == parts - 1
                chunk = given[part * step : (part + 1) * step] + given[:10]
                raw_files.load(staged, [files(scratch, raw=chunk)])
                folder = scratch / f"out {part}"
                out = merged(staged, folder, NOON, stands, buckets if last else before, threads)
                stands = out.files
        held = raw_likes.hours(given, buckets)
        assert rows(out.files) == {bucket: rows for (_, bucket), rows in held.items()}
        found.append({n: path.read_bytes() for n, path in out.files.items()})
    assert all(one == found[0] for one in found)


def test_rows_that_move_between_buckets_are_held_whole_meanwhile(staged, tmp_path):
    given = made_up(4, 50, hours=1)
    raw_files.load(staged, [files(tmp_path, raw=given)])
    two = merged(staged, tmp_path / "two", NOON, {}, 2)
    assert two.whole is None and sorted(two.files) == [0, 1] and (two.rows, two.new) == (50, 50)
    raw_files.load(staged, [])
    again = merged(staged, tmp_path / "again", NOON, two.files, 2)
    assert again.whole is None and again.new == 0
    three = merged(staged, tmp_path / "three", NOON, two.files, 3)
    assert raw_likes.decode(three.whole) == raw_likes.hours(given)[NOON, 0]
    many = merged(staged, tmp_path / "many", NOON, {0: three.whole}, 64)
    assert many.whole and len(many.files) < 64 and many.rows == 50
    assert merged(staged, tmp_path / "one", NOON, many.files).whole is None


def test_totals_are_by_film_and_in_their_order(staged, tmp_path):
    given = made_up(5, 300, hours=1)
    raw_files.load(staged, [files(tmp_path, raw=given)])
    found = []
    for buckets in (1, 3):
        out = merged(staged, tmp_path / f"{buckets}", NOON, {}, buckets)
        found.append(out.totals.read_bytes())
    assert found[0] == found[1]
    read = pq.read_table(out.totals)
    assert [str(field.type) for field in read.schema] == ["string", "int64", "int64"]
    counted = {}
    for row in given:
        counted.setdefault(row.movie_id, [0, 0])[row.action == "unlike"] += 1
    assert read.to_pylist() == [
        {"movie_id": film, "likes": counted[film][0], "unlikes": counted[film][1]}
        for film in sorted(counted)
    ]
    assert rollups.settled(NOON, found[0]).rows.num_rows == len(counted)


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


def test_nothing_can_be_staged_too_and_an_hour_merged_with_it_is_as_it_was(staged, tmp_path):
    assert raw_files.load(staged, []) == raw_files.Loaded(0, {}, {})
    assert merged(staged, tmp_path / "none", NOON) == compaction.Merged()
    assert merged(staged, tmp_path / "two", NOON, {}, 2) == compaction.Merged()
    assert merge(staged, {}, 2, tmp_path) == {}
    raw_files.load(staged, [files(tmp_path, raw=[like("a"), like("b", at=HOUR)])])
    stood = merge(staged, {NOON: {}, NOON + 1: {}}, 1, tmp_path)
    body = stood[NOON + 1].files[0].read_bytes()
    raw_files.load(staged, [])
    again = merged(staged, tmp_path / "again", NOON + 1, stood[NOON + 1].files)
    assert again.files[0].read_bytes() == body and (again.rows, again.new) == (1, 0)


def test_a_full_disk_is_no_bad_file(tmp_path, monkeypatch):
    monkeypatch.setattr(staging, "HELD", 2**20)
    paths = files(tmp_path, raw=[like(f"{n}", extra="x" * 4_000) for n in range(20_000)])
    with duck.engine(tmp_path, 48, 1) as engine:
        staged = Staging(engine)
        engine.execute("SET max_temp_directory_size = '1MB'")
        with pytest.raises(NoRoom, match="There is no room to merge"):
            raw_files.load(staged, [paths])


def test_a_disk_that_is_full_when_the_hour_is_written_is_no_room(staged, tmp_path):
    raw_files.load(staged, [files(tmp_path, raw=made_up(1, 5_000, hours=1))])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / f"{NOON}-0.parquet").symlink_to("/dev/full")
    with pytest.raises(NoRoom, match="There is no room to merge"):
        merge(staged, {NOON: {}}, 1, tmp_path / "out")


MEMORY = """
import resource, sys
from pathlib import Path
from transform.lake import compaction, duck, raw_files
from transform.lake.staging import Staging

folder = Path(sys.argv[1])
with duck.engine(folder, 192, 1) as engine:
    staged = Staging(engine)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    raw_files.load(staged, [{"raw": folder / "raw.parquet"}])
    [(_, out)] = compaction.merge(staged, {0: {0: folder / "stands.parquet"}}, 1, folder)
    print(out.rows)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(grown // (1024 if sys.platform == "linux" else 1024**2))
"""


def test_an_hour_much_larger_than_the_memory_spills(tmp_path):
    """Half a gigabyte of rows, as DuckDB holds them, in 192 MB."""
    with duckdb.connect() as connection:
        for name, first, last in (("raw", 0, 400_000), ("stands", 300_000, 1_000_000)):
            connection.execute(f"""
                COPY (
                  SELECT md5(n::VARCHAR) || '----' AS event_id, 'tt' || n % 999 AS movie_id,
                    'user-' || n AS user_id, 'like' AS action,
                    make_timestamp_ms(n % 3600000) AS liked_at,
                    make_timestamp_ms(n % 3600000) AS received_at,
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
    given = made_up(5, 60, hours=4)
    staged.begin()
    for part in range(3):
        arrive(staged, given[part::3] + given[:5], 7, arrived_at=NOON * HOUR)
    hours = staged.once()
    wanted = raw_likes.hours(row._replace(received_at=NOON * HOUR, backfill=7) for row in given)
    assert hours == {hour: len(held) for (hour, _), held in wanted.items()}
    found = merge(staged, {hour: {} for hour in hours}, 1, tmp_path)
    assert {(h, 0): raw_likes.decode(out.files[0]) for h, out in found.items()} == wanted


@given(st.permutations(range(4)), st.sampled_from([0, staging.HELD]))
def test_a_like_is_that_of_the_stream_or_of_the_first_backfill_in_any_order(order, most):
    """Whether the copies come in batches of their own or in one, and however early they arrived."""
    copies = [like(user_id="stream", received=9), *(like(user_id=f"{n}") for n in range(1, 4))]
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        tmp_path = Path(folder)
        stack.enter_context(pytest.MonkeyPatch.context()).setattr(staging, "HELD", most)
        staged = Staging(stack.enter_context(duck.engine(tmp_path, 256, 1)))
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
            out = merged(staged, tmp_path / f"out-{step}", NOON, stands)
            came.append(row)
            assert out.new == (step == 0)
            streamed = [row for row in came if not row.backfill]
            assert rows(out.files) == {0: [*streamed, came[0]][:1]}  # which may be counted
            stands = out.files
        raw_files.load(staged, [files(tmp_path, raw=[row for row in came if not row.backfill])])
        for row in came:
            if row.backfill:
                arrive(staged, [row], row.backfill, row.received_at)
        assert staged.once() == {NOON: 1}
        assert rows(merged(staged, tmp_path / "one", NOON).files) == {0: [copies[0]]}


def test_a_file_that_was_written_before_a_column_was_added_is_merged(staged, tmp_path):
    """Beside others that have it, in the same hour and others; and so are its rows divided."""
    old, late = tmp_path / "old.parquet", tmp_path / "late.parquet"
    pq.write_table(raw_likes.table([like("old")]).drop_columns("extra"), old)
    pq.write_table(raw_likes.table([like("late", at=HOUR)]), late)
    raw_files.load(staged, [files(tmp_path, raw=[like("new"), like("too", at=HOUR)])])
    now = merged(staged, tmp_path / "now", NOON + 1, {0: late})
    assert [row.event_id for row in rows(now.files)[0]] == ["late", "too"] and now.new == 1
    stands = {NOON: {0: old}, NOON + 1: now.files}
    found = merge(staged, stands, 1, tmp_path)
    assert [row.event_id for row in rows(found[NOON].files)[0]] == ["new", "old"]
    assert (found[NOON].new, found[NOON + 1].new) == (1, 0)
    divided = merge(staged, {NOON: {0: old}, NOON + 1: now.files}, 5, tmp_path)
    given = [like(name) for name in ("old", "new")]
    held = raw_likes.hours([*given, like("late", at=HOUR), like("too", at=HOUR)], 5)
    assert {(h, n): got for h, out in divided.items() for n, got in rows(out.files).items()} == held


@given(st.data())
def test_hours_merged_together_have_the_bytes_that_they_have_alone(data):
    """Whatever they hold, and however they are divided and were."""
    given = made_up(data.draw(st.integers(0, 99)), data.draw(st.integers(1, 60)), hours=5)
    before, after = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    known = data.draw(st.integers(0, len(given)))
    hours = data.draw(st.lists(st.integers(NOON - 1, NOON + 5), unique=True, min_size=1))
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(staging, "HELD", data.draw(st.sampled_from([0, 4_000, staging.HELD])))
        root = Path(folder)
        staged = Staging(stack.enter_context(duck.engine(root, 256, 1)))
        raw_files.load(staged, [files(root, raw=given[:known])])
        (root / "stood").mkdir()
        stood = merge(staged, {hour: {} for hour in hours}, before, root / "stood")
        stands = {hour: out.files for hour, out in stood.items()}
        raw_files.load(staged, [files(root, raw=given[known // 2 :])])
        (root / "all").mkdir()
        together = merge(staged, stands, after, root / "all", 2)
        assert together.keys() == set(hours)
        for hour in hours:
            alone = merged(staged, root / f"alone {hour}", hour, stands[hour], after)
            assert contents(together[hour]) == contents(alone)
        wanted = raw_likes.hours(given, after)
        found = {(h, n): held for h, out in together.items() for n, held in rows(out.files).items()}
        assert found == {place: held for place, held in wanted.items() if place[0] in hours}


def contents(out):
    """Give an hour with what its files hold in place of where they lie."""
    bodies = {number: path.read_bytes() for number, path in out.files.items()}
    whole = out.whole and out.whole.read_bytes()
    return bodies, out.totals and out.totals.read_bytes(), whole, out.rows, out.new


def test_long_extra_and_several_row_groups_have_the_same_bytes_in_any_division(tmp_path):
    """Its pages end within batches; beside small hours, which are written by other threads."""
    chance = random.Random(8)
    large = [
        like(f"{n:05}", at=n, extra=chance.randbytes(chance.choice([1, 2_000])).hex())
        for n in range(16_000)
    ]
    small = [like(f"small-{n}", at=(n + 1) * HOUR) for n in range(9)]
    found = []
    for threads, known in ((1, 0), (4, 7_000)):
        scratch = tmp_path / str(threads)
        scratch.mkdir()
        with duck.engine(scratch, 512, threads) as engine:
            staged = Staging(engine)
            raw_files.load(staged, [files(scratch, raw=large[:known] + small[:2])])
            stood = merged(staged, scratch / "stood", NOON)
            chance.shuffle(large)
            raw_files.load(staged, [files(scratch, raw=large + small)])
            stands = {NOON: stood.files} | {NOON + 1 + n: {} for n in range(9)}
            out = merge(staged, stands, 1, scratch, threads)
        assert [out[NOON + 1 + n].rows for n in range(9)] == 9 * [1]
        assert out[NOON].new == len(large) - known
        found.append(out[NOON].files[0].read_bytes())
    assert pq.read_metadata(pa.BufferReader(found[0])).num_row_groups == 2
    assert found[0] == found[1]
    assert raw_likes.decode(found[0]) == raw_likes.hours(large)[NOON, 0]


def test_what_a_backfill_brought_is_told_by_film(staged, tmp_path):
    given = [like(f"{n}", "ab"[n % 2], action="unlike" if n < 3 else "like") for n in range(8)]
    raw_files.load(staged, [files(tmp_path, raw=given[6:])])
    arrive(staged, given[:2], 1, NOON * HOUR)
    arrive(staged, given[2:], 2, NOON * HOUR)
    staged.once()
    out = merged(staged, tmp_path / "out", NOON)
    old = tmp_path / "old.parquet"
    pq.write_table(raw_likes.table(given), old)
    there = [old, *out.files.values()]
    assert compaction.added(staged.connection, there, 1) == {"a": (0, 1), "b": (0, 1)}
    assert compaction.added(staged.connection, there, 2) == {"a": (1, 1), "b": (2, 0)}
    assert (
        compaction.added(staged.connection, there, 3)
        == compaction.added(staged.connection, [old], 1)
        == {}
    )
    assert compaction.added(staged.connection, [], 1) == {}

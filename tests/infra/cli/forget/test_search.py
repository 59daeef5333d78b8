"""People are taken out of a lake, whoever is cut off and whoever merges meanwhile."""

import base64
import gzip
import io
import itertools
import json
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra.cli.forget.search import Restless, Search, take_out
from tests import raw_likes
from tests.bucket import etag
from tests.examples import every
from tests.raw_likes import HOUR, Row
from tests.small_lake import DAY, NOW, POWER, assert_totals_are_derived, deliver, lake, run, totals
from tests.versioned import Versioned
from transform.aws import forgotten
from transform.aws.buckets import Bucket
from transform.aws.compacting import divide
from transform.lake import keys, tombstones
from transform.lake.division import WHOLE, Division
from transform.lake.erasure import Texts

WHO, OTHER = "user-000123", "user-0001234"
DAYS = 24 * HOUR


def like(event_id, user=None, liked_at=NOW, extra=None, **more):
    return Row(event_id, "mn"[len(event_id) % 2], user, "like", liked_at, liked_at + 5, "web",
               extra, **more)  # fmt: skip


ROWS = [
    like("1", WHO), like("22", OTHER), like("3", None),
    like("44", WHO, NOW - DAYS, '{"by":"user-000123","n":1}'),
    like("5", OTHER, NOW - DAYS, '{"after":"user-000123"}'),
    like("66", OTHER, NOW - 2 * DAYS, '{"n":[1]}'),
    like("7", OTHER, NOW - 3 * DAYS, '{"after":"\\u0075ser-000123"}'),
]  # fmt: skip


def without(row):
    """A row as it is to be afterwards."""
    extra = {
        '{"by":"user-000123","n":1}': '{"by":null,"n":1}',
        '{"after":"user-000123"}': '{"after":null}',
        '{"after":"\\u0075ser-000123"}': '{"after":null}',
    }.get(row.extra, row.extra)
    return row._replace(user_id=None if row.user_id == WHO else row.user_id, extra=extra)


def rejected():
    told = [
        {"reason": "missing_movie_id", "payload": f'{{"user_id": "{WHO}"}}',
         "payload_encoding": "utf-8", "partition_key": WHO, "line": 1},
        {"reason": "not_json", "payload": base64.b64encode(f"\xff{WHO},x".encode("latin-1"))
         .decode(), "payload_encoding": "base64", "partition_key": "e1", "line": 2},
        {"reason": "not_json", "payload": OTHER, "payload_encoding": "utf-8", "line": 3},
        {"reason": "not_json", "payload": WHO, "payload_encoding": "utf-8", "line": 4},
    ]  # fmt: skip
    return b"".join(json.dumps(one).encode() + b"\n" for one in told)


def errors():
    data = json.dumps({"userId": WHO, "movieId": "m"}).encode()
    told = {"attemptsMade": 4, "errorCode": "Lambda.Failed", "rawData": base64.b64encode(data)
            .decode(), "lambdaArn": "arn"}  # fmt: skip
    return json.dumps(told).encode() + b"\n" + b'{"rawData":"bm8="}\n'


_MADE = {}
"""Worlds by their division, of which each test has a copy."""


class World:
    """A lake, and the bucket of query results."""

    def __init__(self, division=None):
        if division not in _MADE:
            self.make(division)
            _MADE[division] = self.s3, self.answers
        s3, answers = _MADE[division]
        self.s3, self.answers = s3.copy(), answers.copy()
        self.bucket = Bucket(self.s3, "lake")

    def make(self, division):
        self.s3, self.answers = Versioned(), Versioned()
        self.s3.now = NOW
        self.bucket = Bucket(self.s3, "lake")
        if division:
            divide(self.bucket, division, POWER)
        deliver(self.s3, "a", *ROWS[:4])
        run(self.bucket)
        deliver(self.s3, "b", *ROWS[4:], at=NOW + 9)
        run(self.bucket)
        self.s3.add("rejected/day=2026-01-31/x.json.gz", gzip.compress(rejected(), mtime=0))
        self.s3.add("errors/processing-failed/day=2026-01-31/y", errors())
        self.s3.add("state/reports/2026-01-31.json", b'{"fingerprint":"user"}')
        self.answers.add("results/1.csv", f'"user_id"\n"{WHO}"\n'.encode())
        self.answers.add("results/2.csv", f'"user_id"\n"{OTHER}"\n'.encode())

    def forget(self, *users, dry_run=False):
        texts = Texts(users or [WHO])
        who = forgotten.read(self.bucket)[0]
        if not dry_run:
            who = forgotten.add(self.bucket, texts.users, NOW + 10)
        return take_out(self.bucket, Bucket(self.answers, "results"), who, texts, POWER, dry_run)

    def text(self):
        """All that is kept, without what is packed."""
        return b"\n".join(
            text for s3 in (self.s3, self.answers) for _, body in s3.bodies()
            for text in unpacked(body)
        )  # fmt: skip

    def stands(self):
        """What a reader sees, but for the key and what names times."""
        return {key: body for key, body in self.s3.objects.items()
                if not key.startswith(("keys/", "state/", "forgotten/", "ids/"))}  # fmt: skip


def unpacked(body):
    yield body
    if body.startswith(b"\x1f\x8b"):
        body = gzip.decompress(body)
        yield body
    if body.startswith(b"PAR1"):
        for row in pq.read_table(io.BytesIO(body)).to_pylist():
            yield json.dumps(row, default=str, ensure_ascii=False).encode()
    for line in body.splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            continue
        for name in ("rawData", "payload"):
            if isinstance(told, dict) and isinstance(told.get(name), str):
                yield told[name].encode()
                with suppress(ValueError):  # it is a text as it came
                    yield base64.b64decode(told[name] + "==")


def holds(text):
    """Whether the id is in a text, as a word of its own."""
    return text.replace(OTHER.encode(), b"").replace(b"\\u0075", b"u").find(WHO.encode()) >= 0


@pytest.mark.parametrize("division", [None, Division(True), Division(False, 2)])
def test_likes_stay_as_anonymous_ones_and_all_else_as_it_was(division):
    world = World(division)
    assert holds(world.text())
    sums, before = totals(world.s3), dict(world.s3.objects)
    search = world.forget()
    assert not holds(world.text())
    division = division or Division()
    assert lake(world.s3) == raw_likes.days(map(without, ROWS), division)
    assert totals(world.s3) == sums
    assert_totals_are_derived(world.s3)
    changed = {key for key in before if world.s3.objects[key] != before[key]}
    assert not [key for key in changed if keys.likes_day(DAY - 2) in key]
    assert search.rewritten_days == {keys.likes_day(DAY - n) for n in (0, 1, 3)}
    assert OTHER.encode() in world.text()


def test_days_are_the_bytes_that_compaction_writes_of_anonymous_likes():
    world, other = World(), World()
    world.forget()
    fresh = Versioned()
    fresh.now = NOW
    deliver(fresh, "a", *map(without, ROWS))
    run(Bucket(fresh, "lake"))
    for key in (key for key in fresh.objects if key.startswith("likes/")):
        assert world.s3.objects[key] == fresh.objects[key]
    stood = world.stands()
    assert run(world.bucket, everything=True).new == 0
    assert world.stands() == stood and not holds(world.text())
    assert holds(other.text())


def test_raw_files_are_as_they_were_but_for_the_id():
    world = World()
    key = next(key for key in world.s3.objects if key.endswith("a.parquet"))
    before = pq.ParquetFile(io.BytesIO(world.s3.objects[key]))
    world.forget()
    after = pq.ParquetFile(io.BytesIO(world.s3.objects[key]))
    assert after.schema.equals(before.schema)
    for n in range(before.metadata.num_columns):
        one, other = (f.metadata.row_group(0).column(n) for f in (before, after))
        assert (one.compression, one.physical_type) == (other.compression, other.physical_type)
    rows = before.read().to_pylist()
    assert after.read().to_pylist() == [
        row | {"user_id": without(like).user_id, "extra": without(like).extra}
        for row, like in zip(rows, ROWS, strict=False)
    ]


def test_rejected_lines_and_what_firehose_kept_lose_the_id_alone():
    world = World()
    world.forget()
    body = gzip.decompress(world.s3.objects["rejected/day=2026-01-31/x.json.gz"])
    found = [json.loads(line) for line in body.splitlines()]
    assert found[0]["payload"] == '{"user_id": null}' and found[0]["partition_key"] is None
    assert base64.b64decode(found[1]["payload"]) == b"\xffforgotten,x"
    assert body.splitlines()[2] == rejected().splitlines()[2]
    assert found[3]["payload"] == "forgotten"
    lines = world.s3.objects["errors/processing-failed/day=2026-01-31/y"].splitlines()
    told = json.loads(lines[0])
    assert json.loads(base64.b64decode(told["rawData"])) == {"userId": None, "movieId": "m"}
    assert told["attemptsMade"] == 4 and lines[1] == b'{"rawData":"bm8="}'


def test_a_dry_run_tells_what_it_would_do_and_does_nothing():
    world = World()
    stood = dict(world.s3.bodies()), dict(world.answers.bodies())
    search = world.forget(dry_run=True)
    assert (dict(world.s3.bodies()), dict(world.answers.bodies())) == stood
    done = World().forget()
    assert search.rewritten_days == done.rewritten_days
    for name in ("raw/", "rejected/", "errors/", "results/"):
        told = [(p.held, p.rewritten) for s in (search, done) for p in [s.places[name]]]
        assert told[0][0] and told[0] == told[1], name


def test_an_id_within_an_event_id_is_told_and_stays():
    world = World()
    deliver(world.s3, "c", like(f"{WHO}:1", WHO), at=NOW + 11)
    run(world.bucket)
    search = world.forget()
    assert search.places["likes/"].stays == search.places["raw/"].stays == {"event_id": 1}
    assert all(row.user_id != WHO for rows in lake(world.s3).values() for row in rows)


def kinds(place):
    """A likes row by user."""
    return [row.user_id for rows in lake(place.s3).values() for row in rows]


@pytest.mark.parametrize("division", [None, Division(True)])
def test_what_comes_later_of_theirs_is_anonymous(division):
    world = World(division)
    world.forget()
    late = like("late", WHO, NOW - DAYS, '{"by":"user-000123"}')
    deliver(world.s3, "late", late, like("8", OTHER), at=NOW + 99)
    assert run(world.bucket).new == 2
    rows = {row.event_id: row for rows in lake(world.s3).values() for row in rows}
    assert rows["late"] == late._replace(user_id=None, extra='{"by":null}')
    assert rows["8"].user_id == OTHER
    world.forget()
    assert not holds(world.text())


def test_after_their_tombstone_is_lifted_what_they_like_is_theirs_again():
    world = World()
    world.forget(WHO, "another")
    assert forgotten.lift(world.bucket, [WHO, "nobody"]) == 1
    deliver(world.s3, "late", like("8", WHO), like("9", "another"), at=NOW + 99)
    run(world.bucket)
    assert {WHO, OTHER, None} == set(kinds(world))


def test_tombstones_are_keyed_hashes_and_without_the_key_nothing_is_merged():
    world = World()
    world.forget()
    told = tombstones.decode(world.s3.objects[tombstones.PEOPLE])
    key = world.s3.objects[tombstones.KEY]
    assert told.people == {tombstones.hashed(key, WHO): NOW + 10} and len(key) == 32
    world.forget()
    assert world.s3.objects[tombstones.KEY] == key
    del world.s3.objects[tombstones.KEY]
    with pytest.raises(forgotten.KeyLost, match="bring back its last version"):
        run(world.bucket)
    with pytest.raises(forgotten.KeyLost):
        world.forget()


class Killed(Exception):
    """The end of a process."""


def moments(s3, act):
    """Let `act` see each call before and after it is made."""
    numbers = itertools.count(1)

    def call(*_):
        act(next(numbers))

    s3.before = s3.after = call


def calls(world):
    told = []
    moments(world.s3, told.append)
    world.forget()
    moments(world.s3, lambda number: None)
    return len(told)


@pytest.fixture(scope="module")
def clean():
    """A run that nobody cut off, and the number of its calls."""
    world = World()
    return world, calls(world)


def test_a_run_that_is_cut_off_anywhere_is_gone_on_with(clean, monkeypatch):
    expected, count = clean
    for last in range(1, count + 1, every(40)):
        world = World()

        def end(number, last=last):
            if number >= last:
                raise Killed

        moments(world.s3, end)
        with pytest.raises(Killed):
            world.forget()
        moments(world.s3, lambda number: None)
        assert lake(world.s3).keys() == lake(expected.s3).keys(), last
        assert raw_likes.sums(r for rows in lake(world.s3).values() for r in rows) == totals(
            expected.s3
        )
        world.forget()
        assert world.stands() == expected.stands(), last
        assert_totals_are_derived(world.s3)
        assert not holds(world.text()), last


def test_whoever_merges_meanwhile_brings_nobody_back(clean):
    """All of a compaction, of what came and of all there is, between any two calls."""
    _, count = clean
    more = [like("8", WHO, NOW - DAYS), like("9", WHO, NOW - 5 * DAYS), like("10", OTHER)]
    for turn in range(1, count + 1, every(45)):
        world = World()

        def act(number, world=world, turn=turn):
            if number == turn:
                moments(world.s3, lambda number: None)
                deliver(world.s3, "c", *more, at=NOW + 11)
                run(world.bucket, everything=True)

        moments(world.s3, act)
        world.forget()
        run(world.bucket)
        assert lake(world.s3) == raw_likes.days(map(without, [*ROWS, *more])), turn
        assert_totals_are_derived(world.s3)
        world.forget()
        assert not holds(world.text()), turn


@pytest.mark.parametrize("division", [None, Division(True)])
def test_whoever_is_forgotten_while_likes_are_merged_is_not_merged(division):
    """All of a forgetting between any two calls of a compaction, which has read their likes."""
    more = [like("8", WHO, NOW - DAYS), like("9", WHO, NOW - 5 * DAYS), like("10", OTHER)]

    def merge(act):
        world = World()
        deliver(world.s3, "c", *more, at=NOW + 11)
        told = []

        def call(number):
            told.append(number)
            act(world, number)

        moments(world.s3, call)
        if division:
            divide(world.bucket, division, POWER)
        run(world.bucket)
        moments(world.s3, lambda number: None)
        return world, len(told)

    _, count = merge(lambda world, number: None)
    for turn in range(1, count + 1, every(33)):

        def act(world, number, turn=turn):
            if number == turn:
                hooks = world.s3.before, world.s3.after
                moments(world.s3, lambda number: None)
                world.forget()
                world.s3.before, world.s3.after = hooks

        world, _ = merge(act)
        expected = raw_likes.days(map(without, [*ROWS, *more]), division or Division())
        assert lake(world.s3) == expected, turn
        assert_totals_are_derived(world.s3)


def test_an_id_that_comes_back_each_time_is_told():
    world = World()
    key = "errors/format-conversion-failed/z"

    def act(call, name):
        if call == "put" and name == key:
            world.s3.objects[key] = errors()

    world.s3.add(key, errors())
    world.s3.after = act
    with pytest.raises(Restless, match="again"):
        world.forget()


def test_parquet_that_is_none_is_told_if_it_holds_an_id():
    world = World()
    world.s3.add("raw/bad.parquet", b"PAR1 user-000123")
    world.s3.add("raw/other.parquet", b"PAR1")
    search = world.forget()
    assert search.places["raw/"].stays == {"unreadable": 1}


def test_a_table_of_somebody_else_is_rewritten_with_its_types():
    world = World()
    table = pa.table({
        "user_id": pa.array([WHO, OTHER, None]).dictionary_encode(),
        "event_id": pa.array(["a", "b", "c"]),
        "note": pa.array(["by user-000123.", None, "x"], pa.large_string()),
        "n": pa.array([1, 2, 3], pa.int16()),
    })  # fmt: skip
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    world.s3.add("repeats/day=2026-01-31/x.parquet", sink.getvalue())
    world.forget()
    after = pq.read_table(io.BytesIO(world.s3.objects["repeats/day=2026-01-31/x.parquet"]))
    assert after.schema.equals(table.schema)
    assert after.to_pydict() == {"user_id": [None, OTHER, None], "event_id": ["a", "b", "c"],
                                 "note": ["by forgotten.", None, "x"], "n": [1, 2, 3]}  # fmt: skip


def test_a_file_that_knows_a_user_of_each_row_may_have_one_less_afterwards():
    """As DuckDB writes a column that happens to hold no null."""
    world = World()
    fields = [pa.field("user_id", pa.string(), nullable=False), pa.field("n", pa.int64())]
    sink = io.BytesIO()
    pq.write_table(pa.table({"user_id": [WHO, OTHER], "n": [1, 2]}, pa.schema(fields)), sink)
    world.s3.add("raw/x.parquet", sink.getvalue())
    world.forget()
    after = pq.read_table(io.BytesIO(world.s3.objects["raw/x.parquet"]))
    assert after.to_pydict() == {"user_id": [None, OTHER], "n": [1, 2]}


def test_what_is_neither_text_nor_number_is_searched_too():
    """It is told; a query's result goes as a whole, and so does an old version."""
    world = World()
    table = pa.table({"by": [["x", WHO], None], "raw": [b"\xff", b"user-000123"], "n": [1, 2]})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    world.s3.add("lists/x.parquet", b"user-000123 before")
    world.s3.add("lists/x.parquet", sink.getvalue())
    world.answers.add("results/tables/x", sink.getvalue())
    search = world.forget()
    assert search.places["lists/"].stays == {"by": 1, "raw": 1}
    assert [body for key, body in world.s3.bodies() if key == "lists/x.parquet"] == [
        sink.getvalue()
    ]
    assert [key for key, _ in world.answers.bodies()] == ["results/2.csv"]


def test_nothing_of_somebody_who_is_not_there_is_written():
    world = World()
    stood = {key: etag(body) for key, body in world.s3.objects.items()}
    search = world.forget("nobody-at-all")
    assert isinstance(search, Search) and not search.objects and not search.rewritten_days
    assert {k: etag(b) for k, b in world.s3.objects.items() if k in stood} == stood
    assert keys.likes(DAY, WHOLE) in stood

"""What is replayed is in the lake once, however often, and whatever is cut off."""

import gzip
import json

import msgspec
import pytest

from infra.cli.replay import command, rejects
from infra.cli.replay.command import PREFIX, Chosen, ReplayError
from infra.cli.replay.mending import Rule
from tests import aws
from tests.infra.cli.backfill.world import NOW, World
from transform.event import stream_records
from transform.lake import archive

DAY = 86_400_000
RULE = Rule({"movie_id": "film"})
EVERYTHING = Chosen()


@pytest.fixture
def world(tmp_path):
    """A lake, and lines that were rejected on two days."""
    made = World(tmp_path)
    put(made, NOW - DAY, [b'{"film":"a","source":"ios"}\n{"film":"b"}\nhello', b'{"film":"a"}'])
    put(made, NOW - 60_000, [b'{"film":"c","event_id":"e"}', b'{"movie_id":"a","action":"love"}'])
    return made


def put(world, at, payloads):
    archived = archive.transform(stream_records.from_firehose(aws.firehose(payloads, at)))
    for key, body in archive.rejected_objects(archived.rejected).items():
        world.s3.add(key, body, at)


def replay(world, which=EVERYTHING, rule=RULE):
    def backfill(request):
        [file] = request.files
        key = file.removeprefix(f"s3://{world.bucket.name}/")
        name = key.rpartition("/")[2]
        world.write(name, gzip.decompress(world.s3.objects[key]))
        return world.run(name)

    return command.replay(world.bucket, command.chosen(world.bucket, which), rule, NOW, backfill)


def lake(world):
    return sorted((row.movie_id, row.event_id) for rows in world.rows().values() for row in rows)


def test_what_is_understood_is_in_the_lake_and_a_second_replay_adds_nothing(world):
    before = {key for key in world.s3.objects if key.startswith("rejected/")}
    found, outcome = replay(world)
    assert (found.rows, found.likes, dict(found.still)) == (
        6,
        4,
        {"not_json": 1, "missing_movie_id": 1},
    )
    assert outcome.ledger.totals.new == 4
    assert [film for film, _ in lake(world)] == ["a", "a", "b", "c"]
    assert ("c", "e") in lake(world)
    first = lake(world)
    put(world, NOW - DAY, [b'{"film":"a","source":"ios"}\n{"film":"b"}\nhello'])  # again
    _, outcome = replay(world)
    assert outcome.ledger.totals.new == 0
    assert lake(world) == first
    assert not [key for key in world.s3.objects if key.startswith(PREFIX)]
    assert before <= world.s3.objects.keys()
    assert command.told(found, outcome).startswith("6 rejected rows: 4 lines understood, 0 new")


def test_only_what_is_chosen_is_replayed(world):
    for which, films in (
        (Chosen(source="ios"), ["a"]),
        (Chosen(reason="bad_action"), []),
        (Chosen("2026-01-31", "2026-01-31"), ["c"]),
        (Chosen(last="2026-01-30", reason="missing_movie_id"), ["a", "a", "b"]),
    ):
        fresh = World(world.folder)
        fresh.s3.objects, fresh.s3.modified = dict(world.s3.objects), dict(world.s3.modified)
        replay(fresh, which)
        assert [film for film, _ in lake(fresh)] == films


def test_a_replay_that_was_cut_off_is_gone_on_with(world):
    def dies(request):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rows = command.chosen(world.bucket, EVERYTHING)
        command.replay(world.bucket, rows, RULE, NOW, dies)
    assert [key for key in world.s3.objects if key.startswith(PREFIX)]
    _, outcome = replay(world)
    assert outcome.ledger.totals.new == 4
    assert not [key for key in world.s3.objects if key.startswith(PREFIX)]


def test_nothing_understood_changes_nothing(world):
    before = dict(world.s3.objects)
    found, outcome = replay(world, rule=Rule())
    assert outcome is None and world.s3.objects == before
    assert dict(found.still) == {"missing_movie_id": 4, "not_json": 1, "bad_action": 1}
    assert "1 line still not_json: This is no JSON" in command.told(found, outcome)
    assert command.told(command.Understood(), None) == "No rejected line is meant."


def test_lines_changed_in_a_file_are_the_lines_they_were(world, tmp_path):
    """The id follows from how it came, so that changing it once more makes no other like."""
    rows = list(rejects.read(world.bucket))
    path = tmp_path / "rejected.jsonl"

    def change(text):
        told = []
        for row in rows:
            one = msgspec.to_builtins(row)
            if row.payload == "hello":
                told.append(json.dumps(one | {"payload": text, "limit": "other columns"}))
        path.write_text("\n".join(told))

    change('{"movie_id":"d"}')
    found = command.understand(command.of_file(world.bucket, path), Rule(), NOW)
    [first] = found.examples
    assert json.loads(first)["movie_id"] == "d"
    change('{"movie_id":"e"}')
    found = command.understand(command.of_file(world.bucket, path), Rule(), NOW)
    [second] = found.examples
    assert json.loads(second)["event_id"] == json.loads(first)["event_id"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "there is no row in it"),
        ("hello", "line 1 is no row of `lake rejected`"),
        ('{"reason":"x","payload":"y","received_at":"soon"}', "line 1 is no row"),
        (
            '\n{"reason":"x","payload":"y","received_at":"2026-01-31 11:59:00.000","place":"p"}',
            "line 2 is not among the rejected lines",
        ),
    ],
)
def test_a_file_that_tells_no_rejected_lines_says_so(world, tmp_path, text, why):
    path = tmp_path / "rejected.jsonl"
    path.write_text(text)
    with pytest.raises(ReplayError, match=why):
        list(command.of_file(world.bucket, path))

"""A backfill of an old file brings back nobody who is forgotten."""

import pytest

from tests.infra.cli.backfill.world import NOW, line, lines
from transform.aws import forgotten
from transform.lake import staging


@pytest.mark.parametrize("held", [10**9, 0], ids=["in memory", "spilled"])
def test_likes_of_theirs_come_as_anonymous_ones_and_count(world, monkeypatch, held):
    monkeypatch.setattr(staging, "HELD", held)
    forgotten.add(world.bucket, ["ann"], NOW)
    world.write("old.json", lines(
        line("1", user_id="ann", extra_="x"), line("2", user_id="bob"), line("3"),
        line("4", user_id="ann", user="ann"),
    ))  # fmt: skip
    world.run("old.json")
    rows = {row.event_id: row for rows in world.rows().values() for row in rows}
    assert {event_id: row.user_id for event_id, row in rows.items()} == {
        "1": None, "2": "bob", "3": None, "4": None}  # fmt: skip
    assert (rows["1"].extra, rows["4"].extra) == ('{"extra_":"x"}', '{"user":null}')
    assert world.table.likes() == {"a": 4}


@pytest.mark.parametrize("held", [10**9, 0], ids=["in memory", "spilled"])
def test_one_who_is_forgotten_while_it_runs_does_not_come_either(world, monkeypatch, held):
    """Between the merge and the look that follows it."""
    monkeypatch.setattr(staging, "HELD", held)
    world.write("old.json", lines(line("1", user_id="ann"), line("2", user_id="bob")))

    def act(call, key):
        if call == "put" and key.startswith("likes/"):
            world.s3.after = lambda call, key: None
            forgotten.add(world.bucket, ["ann"], NOW)

    world.s3.after = act
    world.run("old.json")
    users = {row.event_id: row.user_id for rows in world.rows().values() for row in rows}
    assert users == {"1": None, "2": "bob"}

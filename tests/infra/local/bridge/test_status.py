"""What the bridge says of itself can be read at any time, by shard, faults first."""

import pytest

from infra.local.bridge import status
from infra.local.bridge.status import Board, Shard, Status


def test_what_was_noted_is_read_again(tmp_path):
    path = tmp_path / "status.json"
    board = Board(path)
    board.heard("a", 1500, "7")
    board.heard("a", 0, None)
    board.fault("b", "handler: no")
    board.write(5.0, {"a", "b"})
    shards = {"a": Shard(0, "7"), "b": Shard(fault="handler: no")}
    assert status.read(path) == Status(5.0, None, shards)


def test_a_fault_is_new_once_and_so_is_its_end(tmp_path):
    board = Board(tmp_path / "status.json")
    for place in ("a", None):
        told = [board.fault(place, fault) for fault in (None, "x", "x", "y", None, None)]
        assert told == [False, True, False, True, True, False]


def test_shards_that_are_read_no_more_are_not_told_of(tmp_path):
    path = tmp_path / "status.json"
    board = Board(path)
    board.fault("parent", "handler: no")
    board.heard("child", 0, None)
    board.write(5.0, {"child"})
    assert status.read(path) == Status(5.0, None, {"child": Shard(0)})


def test_all_faults_are_told_the_stream_s_first():
    told = Status(5.0, "stream: no", {"a": Shard(), "b": Shard(fault="handler: no")})
    assert told.faults() == ["stream: no", "b handler: no"]


@pytest.mark.parametrize("text", [None, "", "{", '{"shards": 1}', "\ufeff"])
def test_what_cannot_be_read_is_none(tmp_path, text):
    path = tmp_path / "status.json"
    if text is not None:
        path.write_text(text)
    assert status.read(path) is None

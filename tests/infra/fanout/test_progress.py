"""Progress is there after any crash, belongs to one stream, and forgets what has expired."""

import pytest

from infra.fanout.progress import Progress, Saved


@pytest.fixture
def path(tmp_path):
    return tmp_path / "progress.json"


def test_what_was_remembered_is_found_by_the_next_reader(path):
    first = Saved(path, "stream")
    assert not first.begun()
    first.acknowledge("a", "1")
    first.acknowledge("a", "2")
    first.finish("b")
    found = Saved(path, "stream")
    assert found.begun()
    assert (found.acknowledged("a"), found.acknowledged("c")) == ("2", None)
    assert found.finished() == {"b"}
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_progress_of_another_stream_is_not_used(path):
    Saved(path, "made on Monday").acknowledge("a", "1")
    assert not Saved(path, "made on Tuesday").begun()


@pytest.mark.parametrize("text", ["", "{", '{"stream": "stream"}', "\ufeff"])
def test_a_file_that_cannot_be_read_means_reading_from_the_start(path, text):
    path.write_text(text)
    assert not Saved(path, "stream").begun()


def test_the_same_again_is_not_written_again(path):
    saved = Saved(path, "stream")
    saved.acknowledge("a", "1")
    path.unlink()
    saved.acknowledge("a", "1")
    assert not path.exists()


def test_a_forgotten_shard_begins_anew(path):
    saved = Saved(path, "stream")
    saved.acknowledge("a", "1")
    saved.forget("a")
    assert Saved(path, "stream").acknowledged("a") is None


def test_finished_shards_that_have_expired_are_dropped():
    progress = Progress()
    for shard in ("old", "new"):
        progress.acknowledge(shard, "1")
        progress.finish(shard)
    progress.keep({"new"})
    assert progress.finished() == {"new"}
    assert (progress.acknowledged("old"), progress.acknowledged("new")) == (None, "1")

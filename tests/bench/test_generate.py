"""The export that backfill is measured on is what it says it is."""

from collections import Counter
from pathlib import Path

import pytest

from tests.bench import generate
from transform.event import likes
from transform.event.invalid import InvalidLike
from transform.event.likes import Like

EVENTS = 3_000


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "CHUNK", 700)


def _parsed(path: Path) -> tuple[list[Like], Counter[str]]:
    found, refused = [], Counter[str]()
    for line in path.read_bytes().split(b"\n")[:-1]:
        try:
            found.append(likes.parse(line, generate.NOW, lambda: "none"))
        except InvalidLike as error:
            refused[error.reason] += 1
    return found, refused


def test_the_truth_is_what_the_rules_of_a_like_find(tmp_path: Path) -> None:
    export, clean = tmp_path / "likes.json", tmp_path / "good.json"
    truth = generate.write(export, clean, EVENTS)
    found, refused = _parsed(export)
    once = {like.event_id: like for like in found}
    net: Counter[str] = Counter()
    for like in once.values():
        net[like.movie_id] += 1 if like.action == "like" else -1
    assert truth.bytes == export.stat().st_size
    assert (truth.lines, truth.good) == (len(found) + refused.total(), len(found))
    assert truth.events == len(once) == EVENTS < len(found)
    assert truth.rejected == refused and refused
    assert {film: sum_ for film, sum_ in truth.net.items() if sum_} == {
        film: sum_ for film, sum_ in net.items() if sum_
    }
    assert _parsed(clean) == (found, Counter())


def test_copies_are_the_same_line_and_come_later(tmp_path: Path) -> None:
    generate.write(tmp_path / "a", tmp_path / "b", EVENTS)
    found, _ = _parsed(tmp_path / "b")
    first: dict[str, Like] = {}
    assert all(first.setdefault(like.event_id, like) == like for like in found)
    gaps = [like.liked_at for like in first.values()]
    late = sum(before > at for before, at in zip(gaps, gaps[1:], strict=False))
    assert 0.01 < late / EVENTS < 0.06
    span = max(gaps) - min(gaps)
    days = EVENTS / generate.LIKES_A_DAY
    assert days < span / generate.DAY_MS < days + 2.1  # the latest come two days after they were


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in "abc"]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        generate.write(path, tmp_path / "clean", EVENTS, seed)
    one, same, other = (path.read_bytes() for path in paths)
    assert one == same != other

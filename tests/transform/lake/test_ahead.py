"""What a thread makes ahead: all of it, in its order, with its error, and never much at a time."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from transform.lake import ahead
from transform.lake.ahead import Ahead


@pytest.fixture
def pool():
    with ThreadPoolExecutor(1) as made:
        yield made


def size(item):
    return item


def test_items_come_in_their_order_and_then_the_error(pool):
    def made():
        yield from range(100)
        raise OSError("broken")

    found = []
    rest = Ahead(pool, made, size)
    with pytest.raises(OSError, match="broken"):
        for item in rest:
            found.append(item)  # noqa: PERF402  what came before the error is wanted
    assert found == list(range(100))


def test_no_more_is_made_than_there_is_room_for(pool, monkeypatch):
    monkeypatch.setattr(ahead, "MOST", 10)
    begun = []
    full = Event()

    def made():
        for item in [6, 6, 6, 6]:
            begun.append(item)
            if len(begun) == 3:
                full.set()
            yield item

    items = Ahead(pool, made, size)
    full.wait()
    assert len(begun) == 3  # two wait, which is more than there is room for; the third is at hand
    assert list(items) == [6, 6, 6, 6]


def test_one_item_is_made_however_large(pool, monkeypatch):
    monkeypatch.setattr(ahead, "MOST", 1)
    assert list(Ahead(pool, lambda: (n for n in [5, 5]), size)) == [5, 5]


def test_who_closes_it_ends_what_makes_them(pool, monkeypatch):
    monkeypatch.setattr(ahead, "MOST", 1)
    ended = []

    def made():
        try:
            while True:
                yield 1
        finally:
            ended.append(True)

    items = Ahead(pool, made, size)
    assert next(items) == 1
    items.close()
    assert ended == [True]
    items.close()


def test_an_error_that_nobody_took_is_nobody_s(pool):
    def made():
        yield 1
        raise OSError

    items = Ahead(pool, made, size)
    assert next(items) == 1
    items.close()


def test_what_was_begun_ends_where_nobody_came_to_hold_it(monkeypatch):
    monkeypatch.setattr(ahead, "MOST", 1)

    class Interrupted(ThreadPoolExecutor):
        def submit(self, *given, **more):
            super().submit(*given, **more)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Interrupted(1) as pool:
        Ahead(pool, lambda: (n for n in [5] * 9), size)

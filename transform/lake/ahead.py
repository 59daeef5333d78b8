"""What a thread makes while others use what it made before."""

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Executor
from contextlib import closing
from threading import Condition
from typing import Generic, Self, TypeVar

T = TypeVar("T")

MOST = 32 * 2**20
"""Bytes that wait to be taken, about; one item is there however large it is."""


class Ahead(Generic[T]):
    """What a thread of a pool makes: items in their order, and then the error that ended them."""

    def __init__(
        self, pool: Executor, make: Callable[[], Generator[T, None, None]], size: Callable[[T], int]
    ) -> None:
        """Begin; `size` tells the bytes of an item."""
        self._make, self._size = make, size
        self._changed = Condition()
        self._held: deque[T] = deque()
        self._bytes = 0
        self._is_over = self._is_closed = False
        try:
            self._done = pool.submit(self._run)
        except BaseException:  # such as Ctrl-C, once it runs, and before anybody can close it
            self._end()
            raise

    def close(self) -> None:
        """Have it end where it is, and wait until it has."""
        self._end()
        self._done.exception()

    def __iter__(self) -> Self:
        """Give itself: what was taken is gone."""
        return self

    def __next__(self) -> T:
        """Give the next item, once it is there."""
        with self._changed:
            self._changed.wait_for(lambda: self._held or self._is_over)
            if self._held:
                item = self._held.popleft()
                self._bytes -= self._size(item)
                self._changed.notify_all()
                return item
        self._done.result()
        raise StopIteration

    def _end(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _run(self) -> None:
        try:
            with closing(self._make()) as items:
                for item in items:
                    if not self._hold(item):
                        return
        finally:
            with self._changed:
                self._is_over = True
                self._changed.notify_all()

    def _hold(self, item: T) -> bool:
        """Hold an item once there is room; tells whether more are wanted."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._bytes < MOST)
            self._held.append(item)
            self._bytes += self._size(item)
            self._changed.notify_all()
            return not self._is_closed

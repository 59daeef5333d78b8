"""Answers as they come: rows in batches, made by a thread while whoever asked takes them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Thread
from types import TracebackType
from typing import Any

import pyarrow as pa

from queries.engine.spool import Cancelled, Spool

_PATIENCE_S = 5
"""How long a question that nobody waits for any more may take to end."""


@dataclass(slots=True)
class Answer:
    """The rows of an answer, which can be taken once.

    `told` says what is known of it: `engine`; `bytes` that Athena scans, None where that cannot be
    told; `seconds`, once the last row was taken; and what else the engine tells.
    """

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    told: dict[str, Any] = field(default_factory=dict)


class Running:
    """A question that a thread of its own answers into a spool, between `with` and its end.

    So Ctrl-C is heard at once: DuckDB looks for it in the main thread alone, and only now and then.
    `stop` ends what `work` waits for.
    """

    def __init__(self, spool: Spool, work: Callable[[], None], stop: Callable[[], None]) -> None:
        self._spool, self._work, self._stop = spool, work, stop
        self._thread = Thread(target=self._answer, daemon=True)

    def __enter__(self) -> Answer:
        self._thread.start()
        try:
            schema = self._spool.schema()
        except BaseException:
            self._end()
            raise
        return Answer(schema, self._spool.batches(), self._spool.told)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        self._spool.cancel()
        patience = _PATIENCE_S * 10
        while self._thread.is_alive() and patience:
            self._stop()  # again and again: what is not under way yet does not hear it
            self._thread.join(0.1)
            patience -= 1
        self._spool.close()

    def _answer(self) -> None:
        try:
            self._work()
        except Cancelled:
            pass
        except BaseException as error:  # it is raised where the rows are taken
            self._spool.fail(error)
        else:
            self._spool.finish()

"""Rows that are held back until they are known right."""

import threading
import time

import pyarrow as pa
import pytest

from queries.engine.answers import Running
from queries.engine.errors import EngineFailed
from queries.engine.spool import Cancelled, Spool


def batch(first, rows=1_000):
    return pa.record_batch({"n": range(first, first + rows), "text": ["x" * 50] * rows})


SCHEMA = batch(0).schema


def taken(spool):
    return [n for each in spool.batches() for n in each.column("n").to_pylist()]


@pytest.mark.parametrize("memory", [None, 0, 200_000])
def test_rows_come_in_order_whether_they_lie_in_memory_or_in_a_file(memory):
    spool = Spool(None, memory)
    spool.begin(SCHEMA)
    for first in range(0, 20_000, 1_000):
        assert not spool.add(batch(first))
    assert (spool._file is not None) == (memory is not None)
    spool.finish()
    assert spool.schema() == SCHEMA and taken(spool) == list(range(20_000))
    spool.close()


def test_a_file_does_not_grow_where_rows_are_taken_as_they_come():
    spool = Spool(0, memory=0)
    spool.begin(SCHEMA)
    rows = spool.batches()
    for first in range(0, 50_000, 1_000):
        spool.add(batch(first))
        spool.release()
        assert next(rows).column("n")[0].as_py() == first
    assert spool._file is not None and spool._file.seek(0, 2) < 2 * batch(0).nbytes
    spool.close()


def test_a_check_is_due_when_rows_were_held_back_long_enough():
    now = [0.0]
    spool = Spool(0.5, clock=lambda: now[0])
    spool.begin(SCHEMA)
    due = []
    for now[0] in (10, 10.4, 10.5, 10.6):  # noqa: B020
        due.append(spool.add(batch(0)))
        if due[-1]:
            spool.release()
    assert due == [False, False, True, False]


def test_what_is_not_released_is_forgotten_where_it_begins_anew():
    spool = Spool(0.5)
    spool.begin(SCHEMA)
    spool.add(batch(0))
    spool.begin(SCHEMA)
    spool.add(batch(5_000))
    spool.finish()
    assert taken(spool) == list(range(5_000, 6_000))


def test_it_cannot_begin_anew_where_rows_were_released():
    spool = Spool(0.5)
    spool.begin(SCHEMA)
    spool.add(batch(0))
    spool.release()
    with pytest.raises(EngineFailed, match="The 1,000 rows so far are right, but the rest is miss"):
        spool.begin(SCHEMA)


def test_an_error_comes_behind_the_rows_that_were_released():
    spool = Spool(0.5)
    spool.begin(SCHEMA)
    spool.add(batch(0))
    spool.release()
    spool.add(batch(1_000))
    spool.fail(ZeroDivisionError())
    rows = spool.batches()
    assert next(rows).num_rows == 1_000
    with pytest.raises(ZeroDivisionError):
        next(rows)


def test_an_error_before_any_row_is_raised_at_once():
    def work():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), Running(Spool(None), work, lambda: None):
        pass


def test_who_takes_no_more_ends_the_question():
    spool, ended, stopped = Spool(0), threading.Event(), []

    def work():
        spool.begin(SCHEMA)
        try:
            while True:
                spool.add(batch(0))
                spool.release()
                time.sleep(0.001)
        except Cancelled:
            ended.set()
            raise

    with Running(spool, work, lambda: stopped.append(True)) as answer:
        assert next(answer.batches).num_rows == 1_000
    assert ended.wait(30) and stopped


def test_a_question_that_hears_nothing_is_told_again_to_stop():
    heard = threading.Event()
    calls = []

    def stop():
        calls.append(True)
        if len(calls) > 2:
            heard.set()

    def work():
        spool.begin(SCHEMA)
        spool.add(batch(0))
        spool.release()
        assert heard.wait(30)

    spool = Spool(0)
    with Running(spool, work, stop):
        pass
    assert len(calls) == 3

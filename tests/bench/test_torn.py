"""Whoever writes meanwhile, each reader gives right answers: to few questions here."""

import pytest

from tests.bench import torn

LIKES = 4_000
QUESTIONS = 10


@pytest.fixture(scope="module", autouse=True)
def _written():
    with torn.written(LIKES):
        yield


@pytest.mark.parametrize("name", torn.READERS)
def test_no_error_and_no_wrong_sum_while_thirty_days_are_replaced(name):
    tally = torn.ask(name, QUESTIONS, guarded=True)
    assert (tally.asked, tally.errors, tally.wrong) == (QUESTIONS, 0, 0)

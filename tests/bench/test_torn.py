"""Whoever writes meanwhile, each reader gives right answers: to few questions here."""

from tests.bench import torn
from tests.examples import examples, nightly

LIKES = 4_000
QUESTIONS = examples(2)
PAUSE_S = 1
"""What changes without a pause may change faster than a busy machine reads it, and is refused."""


@nightly
def test_no_error_and_no_wrong_sum_while_thirty_days_are_replaced():
    with torn.written(LIKES, PAUSE_S):
        for name in torn.READERS:
            tally = torn.ask(name, QUESTIONS, guarded=True)
            assert (tally.asked, tally.errors, tally.wrong) == (QUESTIONS, 0, 0), name

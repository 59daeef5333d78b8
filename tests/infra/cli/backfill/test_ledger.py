"""What is written down of backfills: begun once, gone on with, and changed by many at once."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cli.backfill import ledger
from infra.cli.backfill.ledger import Ledger, Ledgers, Progress, Request, Totals
from tests.bucket import Objects
from transform.aws.buckets import Bucket
from transform.aws.lake_writer import CONFLICTS, Contended

NOW = 1_769_860_800_000
A, B = Request(("a",)), Request(("b",), {"movie_id": "film"}, "x = 1", "s")


@pytest.fixture
def s3():
    return Objects()


@pytest.fixture
def ledgers(s3):
    return Ledgers(Bucket(s3, "raw-likes-bucket-test"))


def end(ledgers, number):
    return ledgers.change(number, lambda one: msgspec.structs.replace(one, ended=NOW))


def test_what_is_open_is_gone_on_with_and_what_ended_begins_anew(ledgers):
    first = ledgers.open(A, NOW, ledgers.all())
    assert first == Ledger(1, A, NOW)
    again = ledgers.open(A, NOW + 1, ledgers.all())
    assert again == msgspec.structs.replace(first, runs=2)
    assert ledgers.open(B, NOW + 2, ledgers.all()) == Ledger(2, B, NOW + 2)
    end(ledgers, 1)
    assert ledgers.open(A, NOW + 3, ledgers.all()) == Ledger(3, A, NOW + 3)
    assert [one.number for one in ledgers.all()] == [1, 2, 3]


@pytest.mark.parametrize(
    "other",
    [Request(("b",)), Request(("a", "b")), Request(("a",), {"movie_id": "x"}),
     Request(("a",), where="x"), Request(("a",), unit="s")],
)  # fmt: skip
def test_what_is_asked_otherwise_is_another_backfill(ledgers, other):
    ledgers.open(A, NOW, ledgers.all())
    assert ledgers.open(other, NOW, ledgers.all()).number == 2


def test_numbers_go_on_past_many(s3, ledgers):
    s3.add(ledger.key(999), msgspec.json.encode(Ledger(999, A, NOW, ended=NOW)))
    assert ledgers.open(A, NOW, ledgers.all()).number == 1_000
    assert ledger.key(1_000) == "state/backfills/001000.json"


def test_of_two_that_begin_at_once_each_has_a_number(s3, ledgers):
    def other(call, key):
        if call == "put":
            s3.before = lambda *call: None
            assert ledgers.open(B, NOW, ledgers.all()).number == 1

    s3.before = other
    assert ledgers.open(A, NOW, ledgers.all()).number == 2
    assert [one.request for one in ledgers.all()] == [B, A]


def test_what_two_change_at_once_is_both_there(s3, ledgers):
    ledgers.open(A, NOW, ledgers.all())

    def other(call, key):
        if call == "put":
            s3.before = lambda *call: None
            ledgers.change(1, lambda one: msgspec.structs.replace(one, runs=one.runs + 10))

    s3.before = other
    changed = ledgers.change(1, lambda one: msgspec.structs.replace(one, runs=one.runs + 100))
    assert changed.runs == 111 and list(ledgers.all()) == [changed]


def test_what_does_not_change_is_not_written(s3, ledgers):
    ledgers.open(A, NOW, ledgers.all())
    s3.writes.clear()
    assert ledgers.change(1, lambda one: one).number == 1
    assert s3.writes == []


def test_others_that_are_always_faster_are_told(s3, ledgers):
    ledgers.open(A, NOW, ledgers.all())
    times = []

    def other(call, key):
        if call == "put":
            times.append(key)
            body = msgspec.json.encode(Ledger(1, A, NOW, runs=len(times) + 10))
            s3.add(key, body)

    s3.before = other
    with pytest.raises(Contended, match="000001.json was changed by others"):
        end(ledgers, 1)
    assert len(times) == CONFLICTS

    s3.before = lambda call, key: s3.add(key, b"{}") if call == "put" else None
    s3.objects.clear()
    with pytest.raises(Contended, match="began"):
        ledgers.open(B, NOW, ledgers.all())


def test_one_that_was_removed_is_told(ledgers):
    with pytest.raises(FileNotFoundError, match="000007.json was removed"):
        end(ledgers, 7)


def test_one_that_vanishes_while_they_are_listed_is_passed_over(s3, ledgers):
    ledgers.open(A, NOW, ledgers.all())
    ledgers.open(B, NOW, ledgers.all())
    s3.before = lambda call, key: s3.objects.pop(ledger.key(1), None) if call == "get" else None
    assert [one.number for one in ledgers.all()] == [2]


numbers = st.integers(0, 10**9)
totals = st.builds(Totals, numbers, numbers, numbers, numbers)


@given(totals, totals)
def test_totals_add_up(one, other):
    both = one + other
    assert msgspec.structs.astuple(both) == tuple(
        map(sum, zip(msgspec.structs.astuple(one), msgspec.structs.astuple(other), strict=True))
    )
    assert both.duplicates == one.duplicates + other.duplicates
    assert one + Totals() == one


progress = st.builds(Progress, st.sampled_from("xy"), st.integers(0, 3), st.booleans())


@given(progress, st.none() | progress)
def test_the_further_one_of_a_version_counts(one, other):
    further = one.further(other)
    if other is None or other.version != one.version:
        assert further == one
    else:
        assert further in (one, other) and further.whole == (one.whole or other.whole)
        if one.whole == other.whole:
            assert further.lines == max(one.lines, other.lines)


@given(
    st.builds(
        Ledger,
        numbers,
        st.builds(Request, st.lists(st.text(), max_size=2).map(tuple), where=st.none() | st.text()),
        numbers,
        st.dictionaries(st.text(), progress, max_size=2),
        totals,
        numbers,
        st.none() | st.dictionaries(st.text(), st.integers(-9, 9), max_size=3),
    )
)
def test_a_ledger_is_read_as_it_was_written(one):
    s3 = Objects()
    ledgers = Ledgers(Bucket(s3, "b"))
    s3.add(ledger.key(one.number), msgspec.json.encode(Ledger(one.number, A, NOW)))
    assert ledgers.change(one.number, lambda _: one) == one
    assert list(ledgers.all()) == [one]

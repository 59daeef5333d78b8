"""The event's rules: committed cases, and properties that hold for any bytes."""

import base64
import json
import random
from itertools import count
from pathlib import Path
from threading import Thread
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.generated import hostile_payloads
from transform.event import event_ids, likes
from transform.event.invalid import InvalidLike

CASES = json.loads((Path(__file__).parents[2] / "cases" / "likes.json").read_bytes())
ARRIVED_AT = CASES["arrived_at"]
FIELDS = ("event_id", "movie_id", "user_id", "action", "liked_at", "source", "extra")


def payload_of(case):
    if "base64" in case:
        return base64.b64decode(case["base64"])
    if "parts" in case:
        return "".join(text * times for text, times in case["parts"]).encode()
    return case["payload"].encode()


def parse(payload, arrived_at=ARRIVED_AT):
    numbers = count(1)
    return likes.parse(payload, arrived_at, lambda: f"made-{next(numbers)}")


@pytest.mark.parametrize("case", CASES["valid"], ids=lambda case: case["name"])
def test_a_payload_becomes_the_like_that_its_case_says(case):
    like = parse(payload_of(case))
    told = {name: getattr(like, name) for name in FIELDS}
    assert {name: value for name, value in told.items() if value is not None} == case["like"]


@pytest.mark.parametrize("case", CASES["invalid"], ids=lambda case: case["name"])
def test_a_payload_that_can_never_be_a_like_says_why(case):
    with pytest.raises(InvalidLike) as raised:
        parse(payload_of(case))
    assert raised.value.reason == case["reason"]
    assert raised.value.detail.endswith(".") and len(raised.value.detail) > 20


@pytest.mark.parametrize("case", CASES["valid"], ids=lambda case: case["name"])
def test_the_line_of_a_like_gives_the_same_like_again(case):
    like = parse(payload_of(case))
    line = likes.line(like)
    assert b"\n" not in line
    assert parse(line, ARRIVED_AT + 5_000) == like


def test_the_short_way_and_the_rules_agree_on_any_bytes():
    """`normal` may pass on what it is not sure of; what it gives is what the rules give."""
    latest = ARRIVED_AT + likes.AHEAD_MS
    taken = 0
    for payload in hostile_payloads(seed=1, number=30_000):
        like = likes.normal(payload, latest, likes.is_plain(payload))
        if like is not None:
            taken += 1
            assert like == likes._normalise(payload, ARRIVED_AT, latest, lambda: "made")
    assert taken > 1_000


def test_any_bytes_are_a_like_or_invalid_and_a_like_is_itself_again():
    accepted = 0
    for payload in hostile_payloads(seed=2, number=50_000):
        try:
            like = parse(payload)
        except InvalidLike:
            continue
        accepted += 1
        assert parse(likes.line(like), ARRIVED_AT + 60_000) == like
    assert accepted > 5_000


@given(st.binary(max_size=200))
def test_random_bytes_are_invalid_and_nothing_worse(payload):
    with pytest.raises(InvalidLike):
        parse(payload)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([*FIELDS, "movieId", "likedAt"]) | st.text(), json_values))
def test_any_object_with_a_film_is_a_like_or_invalid(fields):
    payload = json.dumps({"movie_id": "m"} | fields, ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )
    try:
        like = parse(payload)
    except InvalidLike:
        return
    assert parse(likes.line(like)) == like


@given(st.datetimes(min_value=likes.datetime(2010, 1, 2), max_value=likes.datetime(2026, 5, 1)))
def test_a_time_is_the_same_moment_in_every_offset(moment):
    def liked_at(text):
        return parse(json.dumps({"movie_id": "m", "liked_at": text}).encode()).liked_at

    text = moment.isoformat(timespec="milliseconds")
    assert liked_at(text + "+05:30") == liked_at(text + "Z") - 19_800_000
    assert liked_at(text + "-00:01") == liked_at(text + "Z") + 60_000


def test_made_ids_sort_by_time_and_derived_ids_are_the_same_for_the_same():
    made = [event_ids.time_ordered(moment) for moment in range(ARRIVED_AT, ARRIVED_AT + 1_000)]
    assert made == sorted(made) and len(set(made)) == 1_000
    assert {one[13:24] for one in made} == {"-7000-8000-"}
    assert event_ids.derived(ARRIVED_AT, "shard:1:1") == event_ids.derived(ARRIVED_AT, "shard:1:1")
    assert event_ids.derived(ARRIVED_AT, "shard:1:1") != event_ids.derived(ARRIVED_AT, "shard:1:2")
    assert event_ids.derived(ARRIVED_AT, "x")[14] == "8"


@given(st.integers(0, 2**48 - 1))
def test_a_made_id_tells_its_time_and_differs_in_all_48_bits_of_chance(moment):
    made = [UUID(event_ids.time_ordered(moment)) for _ in range(64)]
    assert {one.int >> 80 for one in made} == {moment}
    assert {(one.version, one.variant) for one in made} == {(7, RFC_4122)}
    assert len(set(made)) == 64
    differ = 0
    for one in made:
        differ |= one.int ^ made[0].int
    assert differ == 2**48 - 1  # each bit stays the same in 64 ids with a chance of 2**-63


def test_made_ids_of_a_millisecond_are_distinct_even_where_chance_repeats(monkeypatch):
    chance = random.Random(1)
    monkeypatch.setattr(event_ids.secrets, "randbits", lambda bits: chance.randrange(200))
    for moment in range(2 * event_ids._REMEMBERED):
        made = [event_ids.time_ordered(moment) for _ in range(200)]
        assert len(set(made)) == 200
    assert len(event_ids._made) == event_ids._REMEMBERED


def test_made_ids_of_two_threads_are_distinct_even_where_chance_repeats(monkeypatch):
    """The second begins while the first looks what was made of the millisecond."""
    draws = iter([5, 5, 6])
    made = []

    def make():
        made.append(event_ids.time_ordered(ARRIVED_AT))

    second = Thread(target=make)

    class Made(dict):
        def get(self, moment):
            found = super().get(moment)
            if not second.ident:
                second.start()
                second.join(0.1)
            return found

    monkeypatch.setattr(event_ids, "_made", Made())
    monkeypatch.setattr(event_ids.secrets, "randbits", lambda bits: next(draws))
    make()
    second.join()
    assert sorted(one[-1] for one in made) == ["5", "6"]

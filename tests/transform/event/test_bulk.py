"""Many lines at a time give what `likes.parse` gives for each: that is all there is to show."""

import json
import random
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.cli.traffic.simulate import Plan, Simulation
from tests.examples import examples
from tests.generated import hostile_payloads
from transform.event import bulk, event_ids, likes
from transform.event.invalid import InvalidLike
from transform.event.shapes import FEW, REACH, Shapes

ROOT = Path(__file__).parents[3]
NOW = 1_780_000_000_000
NAMES = bulk.SCHEMA.names


def one_by_one(data, arrived_at=NOW, skew=0):
    """Give rows and bad lines by `likes.parse` alone."""
    rows, bad = [], []
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line or line.isspace():
            continue
        try:
            like = likes.parse(line, arrived_at, lambda: "made", skew)
        except InvalidLike as invalid:
            bad.append((number, line, invalid.reason, invalid.detail, None))
            continue
        row = {name: getattr(like, name) for name in NAMES}
        if row["event_id"] == "made":
            digest = sha256(line.strip()).hexdigest()
            # The id of a line that tells no time is the same whenever it arrives.
            other = likes.parse(line, arrived_at - 7, lambda: "made", skew + 7)
            dated = other.liked_at == like.liked_at
            row["event_id"] = event_ids.derived(like.liked_at if dated else 0, digest)
        rows.append(row)
    return rows, bad


def at_once(data, arrived_at=NOW, shapes=None, skew=0):
    parsed = bulk.parse(data, range(1, data.count(b"\n") + 2), arrived_at, skew, shapes)
    assert parsed.rows.schema == bulk.SCHEMA
    moments = parsed.rows["liked_at"].cast("int64").to_pylist()
    rows = [
        row | {"liked_at": at} for row, at in zip(parsed.rows.to_pylist(), moments, strict=True)
    ]
    return rows, [tuple(getattr(bad, f) for f in bad.__struct_fields__) for bad in parsed.bad]


def assert_same(data, **more):
    expected, bad = one_by_one(data, **more)
    found, found_bad = at_once(data, **more)
    order = [json.dumps(row, sort_keys=True) for row in expected]
    assert sorted(json.dumps(row, sort_keys=True) for row in found) == sorted(order)
    assert found_bad == bad
    return found, bad


MORE = b"\n" * REACH
"""What is at the very end is judged by itself; with this, no like is."""


def settled(monkeypatch):
    """Count the lines that go through `likes.parse`."""
    calls = []
    parse = likes.parse
    monkeypatch.setattr(bulk.likes, "parse", lambda *a: calls.append(a) or parse(*a))
    return calls


@pytest.mark.parametrize("seed", range(examples(4)))
def test_hostile_lines(seed):
    assert_same(b"\n".join(hostile_payloads(seed, 500)))


@pytest.mark.parametrize("seed", range(examples(4)))
def test_hostile_lines_among_many_of_their_shape(seed):
    """So that shapes are learnt from them, and met by them."""
    chance = random.Random(seed)
    payloads = list(hostile_payloads(seed, 40))
    lines = [line for line in payloads for _ in range(chance.choice([1, FEW, 3 * FEW]))]
    lines += [spoilt(line, chance) for line in lines]
    chance.shuffle(lines)
    assert_same(b"\n".join(lines))


def spoilt(line, chance):
    """Change a few bytes, most often to such as mean something in JSON or to our rules."""
    line = bytearray(line)
    for _ in range(chance.choice([0, 1, 1, 2])):
        if line:
            place = chance.randrange(len(line))
            line[place : place + chance.choice([0, 1, 1])] = chance.choice(
                [*(bytes([code]) for code in b'",:{}\\ \x7f\xc29-Tx'), b"\xc2\x85"]
            )
    return bytes(line)


@pytest.mark.parametrize(
    "odd",
    [
        *("2024-02-29T00:00:00.000Z", "2025-02-29T00:00:00.000Z", "2025-02-30T00:00:00.000Z"),
        *("2025-13-01T00:00:00.000Z", "2025-00-01T00:00:00.000Z", "2025-01-00T00:00:00.000Z"),
        *("2025-01-01T24:00:00.000Z", "2025-01-01T00:60:00.000Z", "2025-01-01T00:00:60.000Z"),
        *("2025-01-01t00:00:00.000z", "2025-01-01 00:00:00.000Z", "2025-01-01T00:00:00,000Z"),
        *("2025-01-01T00:00:00.00+Z", "2025-01-01T0 :00:00.000Z", "2025-01-01T-1:00:00.000Z"),
        *("0000-01-01T00:00:00.000Z", "2009-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
        *("2025-01-01T00:00:00.00é", "2025-01-01T00:00:00.000", "2025-01-01T00:00:00.0000Z"),
        *("2025-01-01T00:00:00.1234567Z", "2025-01-01T00:00:00+01:00", "2025-01-01T00:00:00Z"),
    ],
)
def test_a_time_among_many_of_the_usual_form_is_judged_as_it_is_alone(odd):
    """Whether it has that form itself and is no time, or has nearly that form."""
    times = [f"2025-06-01T12:{n % 60:02}:59.{n:03}Z" for n in range(3 * FEW)] + [odd]
    text = "\n".join(
        f'{{"event_id":"{n}","movie_id":"m","liked_at":"{at}"}}' for n, at in enumerate(times)
    )
    assert_same(text.encode() + MORE)


@pytest.mark.parametrize("seed", range(examples(2)))
def test_what_producers_send(seed, monkeypatch):
    lines = [line.data for line in Simulation(Plan(now=NOW, likes=3_000, seed=seed, days=30))]
    calls = settled(monkeypatch)
    found, bad = at_once(b"\n".join(lines))
    assert len(calls) < 0.1 * len(lines)  # the rest was judged by column
    monkeypatch.undo()
    assert_same(b"\n".join(lines))


VALUES = (ROOT / "tests/cases/values.txt").read_text("utf-8").split("\n")
VALUES += [f'"{"m" * 64}"', f'"{"m" * 65}"', f'"{"ü" * 32}"', f'"{"ü" * 33}"', f'"{"u" * 129}"']
VALUES += [f'"{"x" * 4090}"', "[" * 31 + "]" * 31, "[" * 32 + "]" * 32]
KEYS = [*NAMES, "eventId", "movieId", "userId", "likedAt", "x", "", "ü"]


@st.composite
def files(draw):
    """Lines of one to three sets of fields, each with the same spaces, whose values differ."""
    lines = []
    for _ in range(draw(st.integers(1, 3))):
        keys = draw(st.lists(st.sampled_from(KEYS), max_size=7))
        comma, colon = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " : ")]))
        end = draw(st.sampled_from(["}", " }", "}\r", "} "]))
        values = [draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=3)) for _ in keys]
        number = draw(st.integers(1, 2 * FEW + 6))
        chance = draw(st.randoms(use_true_random=False))
        for _ in range(number):
            fields = (f'"{k}"{colon}{chance.choice(v)}' for k, v in zip(keys, values, strict=True))
            lines.append("{" + comma.join(fields) + end)
    return "\n".join(lines).encode() + draw(st.sampled_from([b"", b"\n", b"\n\n", b"\n \r\n"]))


@settings(max_examples=examples(50), deadline=None)
@given(files())
def test_any_fields_and_values(data):
    assert_same(data)
    assert_same(data, skew=1)


@settings(max_examples=examples(40), deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes(data):
    assert_same(data)


@pytest.mark.parametrize("text", ["12", "1.5", "true", "null", "[1]", "{}", "a b", "é"])
def test_a_text_of_a_field_that_no_column_is_for_stays_a_text(text, monkeypatch):
    calls = settled(monkeypatch)
    found, _ = at_once(lines(3 * FEW, v=text) + MORE)
    assert {row["extra"] for row in found} == {
        json.dumps({"v": text}, ensure_ascii=False).replace(" ", "", 1)
    }
    assert not calls


def lines(number, **fields):
    like = {"event_id": "e{}", "movie_id": "tt1", "liked_at": NOW} | fields
    texts = (json.dumps(like, ensure_ascii=False).replace("{}", str(i), 1) for i in range(number))
    return "\n".join(texts).encode()


def test_a_field_that_is_there_twice_counts_by_its_last_value():
    one = b'{"movie_id":"a%d","event_id":"e","movie_id":"b"}'
    assert_same(b"\n".join(one % i for i in range(3 * FEW)))
    same = b'{"movie_id":"b","event_id":"e%d","movie_id":"b"}'
    assert_same(b"\n".join([*(same % i for i in range(3 * FEW)), one % 1, one % 2]))


def test_shapes_are_kept_for_what_follows(monkeypatch):
    shapes = Shapes()
    at_once(lines(2 * FEW), shapes=shapes)
    calls = settled(monkeypatch)
    found, _ = at_once(lines(3) + MORE, shapes=shapes)
    assert len(found) == 3 and not calls


@pytest.mark.parametrize(
    "fields",
    [
        {"liked_at": "2026-05-28T20:00:00.123Z", "user_id": "u", "action": "like", "source": "web"},
        {"liked_at": "2026-05-28T20:00:00.123+05:30", "app": {"build": [1, "2", {}]}, "n": 1.5},
        {"user_id": "J\u00f6rg 3", "source": None},
        {"movie_id": " tt1 ", "user_id": None},
    ],
)
def test_good_lines_that_are_alike_are_never_judged_one_by_one(fields, monkeypatch):
    data = lines(2 * FEW, **fields)
    assert_same(data)
    calls = settled(monkeypatch)
    at_once(data + MORE)
    assert not calls


def test_likes_without_an_id_are_told_apart_by_their_line_alone():
    one, other = (
        b'{"movie_id":"a","liked_at":1779990000000}',
        b'{"movie_id":"b","liked_at":1779990000000}',
    )
    first, _ = at_once(one + b"\n" + other + b"\n" + one + b" \r\n")
    assert first[0]["event_id"] == first[2]["event_id"] != first[1]["event_id"]
    many, _ = at_once(b"\n".join([one, other] * FEW), arrived_at=NOW + 5)
    assert {row["event_id"] for row in many} == {row["event_id"] for row in first}


def test_nothing_gives_nothing():
    assert at_once(b"") == ([], [])
    assert at_once(b"\n\n \n") == ([], [])

"""Lines with other names and units become the lines that a producer would have sent."""

import json
import math
from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from infra.cli.backfill import parsing
from infra.cli.backfill.line_chunks import Chunk
from infra.cli.backfill.mapping import remap
from infra.cli.backfill.parsing import Rules

UNITS = {"s": 1_000, "ms": 1, "us": 1_000, "ns": 1_000_000}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.", max_size=3), inner),
    max_leaves=6,
)  # fmt: skip
FIELDS = st.dictionaries(
    st.sampled_from(["movie_id", "event_id", "liked_at", "extra"]), st.text("ab.", max_size=3)
)


def mapped(event, unit="ms", **fields):
    return json.loads(remap(json.dumps(event).encode(), fields, unit))


@pytest.mark.parametrize(
    ("event", "fields", "expected"),
    [
        ({"film": "a", "x": 1}, {"movie_id": "film"}, {"movie_id": "a", "x": 1}),
        ({"film": "a", "movie_id": "b"}, {"movie_id": "film"}, {"movie_id": "a"}),
        ({"movie_id": "b"}, {"movie_id": "film"}, {}),
        ({"movie_id": "b", "film": None}, {"movie_id": "film"}, {}),
        ({"film": {"id": 7, "n": 1}}, {"movie_id": "film.id"},
         {"film": {"id": 7, "n": 1}, "movie_id": "7"}),
        ({"film.id": "a", "film": {"id": "b"}}, {"movie_id": "film.id"},
         {"film": {"id": "b"}, "movie_id": "a"}),
        ({"a": {"b": {"c": "x"}}}, {"source": "a.b.c"}, {"a": {"b": {"c": "x"}}, "source": "x"}),
        ({"a": [1]}, {"source": "a.b"}, {"a": [1]}),
        ({"a": "x"}, {"source": "a.b"}, {"a": "x"}),
        ({"movie_id": "u", "user_id": "m"}, {"movie_id": "user_id", "user_id": "movie_id"},
         {"movie_id": "m", "user_id": "u"}),
        ({"id": 5}, {"movie_id": "id", "event_id": "id"}, {"movie_id": "5", "event_id": "5"}),
        ({"movie_id": 5}, {"movie_id": "movie_id"}, {"movie_id": "5"}),
        ({"movie_id": 5}, {}, {"movie_id": 5}),
        ({"a": 1.5, "b": True, "c": 2}, {"user_id": "a", "source": "b", "note": "c"},
         {"user_id": "1.5", "source": True, "note": 2}),
    ],
)  # fmt: skip
def test_fields_are_read_from_others(event, fields, expected):
    assert mapped(event, **fields) == expected


@given(st.integers(0, 4_102_444_800_000), st.sampled_from(sorted(UNITS)), st.integers(0, 999_999))
@pytest.mark.parametrize("name", ["liked_at", "likedAt"])
def test_a_whole_time_becomes_milliseconds_and_the_rest_is_cut_off(name, ms, unit, rest):
    if unit == "s":
        assert mapped({name: ms // 1_000}, unit) == {name: ms // 1_000 * 1_000}
    else:
        assert mapped({name: ms * UNITS[unit] + rest % UNITS[unit]}, unit) == {name: ms}


@given(st.integers(1_262_304_000_000, 4_102_444_800_000), st.sampled_from(["s", "ms", "us"]))
def test_a_time_with_a_fraction_is_the_millisecond_it_lies_in(ms, unit):
    told = {"s": ms / 1_000, "ms": ms + 0.75, "us": ms * 1_000 + 750.5}[unit]
    assert mapped({"liked_at": told}, unit) == {"liked_at": ms}


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False),
       st.sampled_from(sorted(UNITS)))  # fmt: skip
def test_no_time_is_too_large_and_each_is_floored(moment, unit):
    found = mapped({"liked_at": moment}, unit)["liked_at"]
    if isinstance(moment, int) and -(2**63) <= moment < 2**64:
        assert found == (moment * 1_000 if unit == "s" else moment // UNITS[unit])
    elif isinstance(moment, float) and abs(moment) < 2**52:
        exact = Fraction(moment) * 1_000 if unit == "s" else Fraction(moment) / UNITS[unit]
        assert found - 1e-3 <= exact < found + 1 or math.isclose(exact, found)
    assert found is not None


def test_what_is_no_number_is_no_time_of_a_unit():
    for told in ("2024-01-31T12:00:00Z", "1700000000", True, None, [1]):
        assert mapped({"liked_at": told}, "s") == {"liked_at": told}


def test_a_time_is_read_from_another_field_in_its_unit():
    assert mapped({"at": 1_700_000_000, "liked_at": 1}, "s", liked_at="at") == {
        "liked_at": 1_700_000_000_000
    }


@given(st.binary(max_size=20) | JSON.map(lambda value: json.dumps(value).encode()), FIELDS)
def test_what_is_no_object_stays_as_it_is(line, fields):
    with suppress(ValueError):
        assume(not isinstance(json.loads(line), dict))
    assert remap(line, fields, "s") == line


@given(st.dictionaries(st.text("ab.", max_size=3), JSON), FIELDS)
def test_any_object_is_one_again_with_what_is_not_mapped_as_it_was(event, fields):
    found = mapped(event, **fields)
    assert {name: value for name, value in found.items() if name not in fields} == {
        name: value for name, value in mapped(event).items()
        if name not in fields and name not in fields.values()
    }  # fmt: skip


def test_a_first_line_with_a_byte_order_mark_is_mapped_too():
    line = b'\xef\xbb\xbf{"film":"a"}'
    assert remap(line, {"movie_id": "film"}, "ms") == b'{"movie_id":"a"}'


def test_what_is_nested_too_deep_stays_as_it_is():
    line = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert remap(line, {"movie_id": "a"}, "ms") == line


@given(st.lists(st.binary(max_size=9).map(lambda line: line.replace(b"\n", b"")), max_size=5))
def test_lines_of_which_nothing_is_asked_are_not_read_twice(lines):
    """A remapped line would not be the same to the byte, and so another like's without an id."""

    def never(*given):
        raise AssertionError("Nothing is asked of the lines.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parsing, "remap", never)
        chunk = Chunk(1, b"\n".join(lines))
        list(parsing.parse([chunk], Rules(10**12 * 2, 10**12 * 2), 1))
        with pytest.raises(AssertionError):
            list(parsing.parse([Chunk(1, b"{}")], Rules(0, 0, unit="s"), 1))

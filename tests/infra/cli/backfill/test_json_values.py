"""Objects of JSON in arrays, one after the other or over several lines are lines of their own."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.cli.backfill import json_values
from infra.cli.backfill.line_chunks import Chunk
from tests.examples import examples

ONES = [{"movie_id": "a", "x": '}{[\\"\n'}, {"movie_id": "b", "y": {"z": [1, {"q": 2}]}}, {}]


def given_as(data, size=7):
    """Give data in the pieces that a file of it is read in: of whole lines, but for long ones."""
    pieces, held = [], data
    while len(held) > size:
        end = held.rfind(b"\n", 0, size) + 1 or size
        pieces.append(held[:end])
        held = held[end:]
    return [*pieces, held]


def loaded(row):
    try:
        return json.loads(row)
    except ValueError:
        return row


def found(data, size=7):
    good, bad, numbers = [], [], []
    for each in json_values.lines("a.json", given_as(data, size)):
        if isinstance(each, Chunk):
            rows = each.data.splitlines()
            good += map(loaded, rows)
            numbers += range(each.first, each.first + len(rows))
        else:
            bad.append((each.payload, each.reason))
            numbers.append(each.number)
    assert numbers == list(range(1, len(numbers) + 1))
    return good, bad


SHAPES = {
    "an array": lambda ones: json.dumps(ones),
    "an array with an object a line": lambda ones: (
        "[\n" + ",\n".join(map(json.dumps, ones)) + "\n]"
    ),
    "an array, comma first": lambda ones: "[" + "\n, ".join(map(json.dumps, ones)) + "]\n",
    "a pretty array": lambda ones: json.dumps(ones, indent=2),
    "pretty objects": lambda ones: "\n".join(json.dumps(one, indent=1) for one in ones),
    "objects one after the other": lambda ones: "".join(map(json.dumps, ones)),
    "with commas": lambda ones: ", ".join(map(json.dumps, ones)),
    "an array a line": lambda ones: "\n".join(json.dumps([one, one])[:-1] + "]" for one in ones),
    "a JSON text sequence": lambda ones: "".join(f"\x1e{json.dumps(one)}\n" for one in ones),
    "with a BOM": lambda ones: "\ufeff" + json.dumps(ones),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [4, 30, 10_000])
def test_objects_are_found_in_any_shape(shape, size):
    data = SHAPES[shape](ONES).encode()

    assert json_values.are_apart(data)
    good, bad = found(data, size)
    assert not bad
    assert good == ([one for one in ONES for _ in "12"] if shape == "an array a line" else ONES)


@given(
    st.lists(st.sampled_from([*ONES, {"n": 1}, {"z": {}}, [1, {"a": 1}], 7]), max_size=30),
    st.sampled_from([", ", ",", ",\n", "\n,\t", " , \n "]),
    st.sampled_from([None, None, 2]),
    st.integers(8, 200),
)
@settings(max_examples=examples(50))
def test_elements_of_an_array_are_the_same_all_at_once_and_one_by_one(ones, between, indent, size):
    told = between.join(json.dumps(one, indent=indent) for one in ones)
    data = f"[{told}]".encode()
    together = found(data, size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_values, "_of_array", lambda data: None)
        assert found(data, size) == together
    good, bad = together
    objects = [one for one in ones if isinstance(one, dict)]
    assert good == objects or len(objects) < len(ones)
    assert bool(bad) == (len(objects) < len(ones)) or [1, {"a": 1}] in ones


def test_what_is_no_object_is_told_alike_wherever_pieces_end():
    data = b"""[{"movie_id": "a"}, 7, "one, text", [1, {"n": 1}], null,
      {"movie_id": "b"}, no json at all
      , {"movie_id": "c"}, 8]"""
    whole = found(data, 10_000)
    assert len(whole[1]) == 4
    for size in range(1, len(data)):
        assert found(data, size) == whole, size


def test_elements_of_an_array_are_taken_all_at_once(monkeypatch):
    monkeypatch.setattr(json_values, "_split", None)
    data = b"[" + b", ".join(b'{"n":%d}' % n for n in range(100)) + b"]"

    lines = json_values.lines("a.json", given_as(data, 99))

    assert sum(next(lines).data.count(b"\n") for _ in range(10)) > 50


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1}\n{"a":2}\n',
        b'{"a":1,\n{"a":2}\n',
        b'{"a":"x\n{"a":2}\n',
        b'{"a":1} x\n{"a":2}\n',
        b"[1]\n{}\n",
        b"[\n",
        b"",
        b"\n\n{}\n",
        b"x",
        b'{"a":1}x{"a":2}',
    ],
)
def test_lines_of_json_stay_lines(data):
    assert not json_values.are_apart(data)


def test_what_is_no_json_costs_its_own_line():
    data = b'[\n{"a":1},\n{"a":2,,},\n{"a":\n{"a":3},\n7, null\nx\n{"a":4}}\n]'

    good, bad = found(data)

    assert good == [{"a": 1}, b'{"a":2,,}', {"a": 3}, {"a": 4}]
    assert bad == [
        (b'{"a":', "not_json"),
        (b"7, null", "not_an_object"),
        (b"x", "not_json"),
        (b"}", "not_json"),
    ]


def test_a_number_that_json_has_not_costs_no_object():
    assert found(b'[\n{\n"a": NaN,\n"b": 1.10\n}\n]') == ([{"a": None, "b": 1.1}], [])


@given(st.lists(st.sampled_from(["{", "}", "[", "]", ",", '"', "\\", "\n", '{"a":1}', "x", "1"])))
@settings(max_examples=examples(100))
def test_any_text_gives_lines_or_what_is_none(parts):
    data = "".join(parts).encode()
    results = [
        [each for each in json_values.lines("a.json", given_as(data, size))]
        for size in (1, 10, 1_000)
    ]
    flat = [
        b"".join(each.data if isinstance(each, Chunk) else each.payload + b"\n" for each in result)
        for result in results
    ]
    held = json.dumps(data.decode())
    for text in flat:  # nothing but blanks and what stands between objects is left out
        for char in b'{}"x1\\':
            assert bytes([char]) not in data or text.count(char) == data.count(char), held


@pytest.mark.parametrize("one", [b'{"a":', b"[{", b'{"a":[', b'{"', b"[" * 9 + b"{"])
def test_what_never_ends_takes_no_memory_and_no_time(one):
    start = time.perf_counter()
    pieces = [one * (2**20 // len(one)) for at in range(8)]

    for each in json_values.lines("a.json", pieces):
        assert len(each.data if isinstance(each, Chunk) else each.payload) <= json_values.LONGEST
    assert time.perf_counter() - start < 20

"""A condition keeps the lines it holds for, and all that is no JSON object."""

import json
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.cli.backfill.source_files import SourceError
from infra.cli.backfill.where import Where
from tests.examples import examples
from transform.event.invalid import InvalidLike
from transform.event.likes import parse

LINES = [
    b'{"movieId":"a","year":1999,"film":{"id":1,"my tags":["x","y"]},"when":"2024-01-31","n":-1}',
    b'{"movieId":"b","year":2001.5,"film":{"id":2},"mixed":5,"n":1}\r',
    b'\xef\xbb\xbf{"movieId":"c","year":null,"mixed":"five"}',
    b"not JSON",
    b"[1]",
    b"",
    b'{"movieId":"caf\xe9"}',
    b'{"movieId":"d","x":NaN}',
    b'{"movieId":"d","year":2001,}',
]
SAMPLE = b"\n".join(LINES)
NO_OBJECTS = LINES[3:]


def kept(condition, lines=LINES, sample=SAMPLE):
    return [
        line
        for line, keep in zip(lines, Where(condition, sample).keep(lines).to_pylist(), strict=True)
        if keep
    ]


@pytest.mark.parametrize(
    ("condition", "films"),
    [
        ("movieId = 'a'", [0]),
        ("MOVIEID = 'a' OR \"movieId\" = 'b'", [0, 1]),
        ("year > 2000", [1]),
        ("year IS NULL", [2]),
        ("film.id = 2", [1]),
        ("film['id'] = 1 AND list_contains(film['my tags'], 'y')", [0]),
        ("len(list_filter(film['my tags'], lambda t: t > 'x')) = 1", [0]),
        ("\"when\" >= '2024-01-01' -- a comment", [0]),
        ("\"when\"::DATE = DATE '2024-01-31'", [0]),
        ("mixed = '5' OR mixed = 'five'", [1, 2]),
        ("n - 1 < 0", [0]),
        ("true", [0, 1, 2]),
        ("NULL", []),
        ("n", [0, 1]),
        ("movieId IN ('b', 'c')", [1, 2]),
    ],
)
def test_the_lines_a_condition_holds_for_are_kept_and_those_that_are_no_objects(condition, films):
    assert kept(condition) == [LINES[at] for at in films] + NO_OBJECTS


def test_types_are_the_sample_s_for_every_line():
    where = Where("year > 2000", b'{"year":1999}')

    assert where.keep(
        [b'{"year":2001}', b'{"year":"2002"}', b'{"year":"x"}', b'{"year":{}}']
    ).to_pylist() == [
        *(True, True, False, False),
    ]


def test_names_that_differ_by_case_are_one_column():
    lines = [b'{"id":1,"ID":2,"f":{"a":1,"A":2},"":3}', b'{"id":2,"f":{"a":2}}']

    assert kept("id = 1 AND f.a = 1", lines, b"\n".join(lines)) == lines[:1]


def test_it_is_the_same_in_another_process():
    where = Where("year > 2000 AND film.id = 2", SAMPLE)

    again = pickle.loads(pickle.dumps(where))

    assert again.keep(LINES).to_pylist() == where.keep(LINES).to_pylist()
    assert len(pickle.dumps(where)) < 10_000


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("director = 'x'", "The fields are: movieId, year, film, when, n, mixed."),
        ("film.director = 'x'", "cannot be asked"),
        ("true; SELECT 1", "is no SQL condition: syntax error"),
        ("true) FROM lines WHERE (true", "is not one SQL condition"),
        ("true), (true", "is not one SQL condition"),
        ("true) UNION SELECT (true", "is not one SQL condition"),
        ("", "is no SQL condition"),
        ("year >", "is no SQL condition"),
        ("true /*", "is no SQL condition"),
        ("sum(n) > 1", "cannot contain aggregates"),
        ("row_number() OVER () = 1", "cannot contain window functions"),
        ("n = ?", "cannot be asked"),
        ("movieId IN (SELECT content FROM read_text('/etc/hostname'))", "cannot be asked"),
        ("EXISTS (FROM read_csv('http://127.0.0.1:9/x'))", "cannot be asked"),
    ],
)
def test_what_cannot_be_asked_is_told(condition, told):
    with pytest.raises(SourceError) as error:
        Where(condition, SAMPLE)
    assert told in str(error.value) and "\n" not in str(error.value)
    assert repr(condition) in str(error.value)


def test_a_condition_that_fails_for_a_value_is_told():
    where = Where("movieId::INTEGER = 1", SAMPLE)

    with pytest.raises(SourceError, match="--where 'movieId::INTEGER = 1' fails: Could not"):
        where.keep(LINES).to_pylist()


@pytest.mark.parametrize("levels", [30, 90, 190, 900, 8_000, 100_000])
def test_a_line_nested_too_deep_stops_nothing(levels):
    arrays = b'{"a":' + b"[" * levels + b"]" * levels + b"}"
    objects = b'{"a":' * levels + b"1" + b"}" * levels
    lines = [arrays, objects, b'{"a":1}', b"{}"]

    assert Where("a IS NULL", b"\n".join(lines)).keep(lines).to_pylist()[2:] == [False, True]


def test_a_sample_without_objects_has_no_fields():
    with pytest.raises(SourceError, match="The fields are: none"):
        Where("movieId = 'a'", b"nothing\n")
    assert Where("1 = 2", b"").keep([b"x", b"{}"]).to_pylist() == [True, False]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
lines = st.lists(st.binary(max_size=6) | values.map(lambda value: json.dumps(value).encode()))


@given(lines, lines)
@settings(max_examples=examples(20))
def test_no_line_is_dropped_that_would_be_rejected_for_what_it_is(sample, lines):
    keep = Where("false", b"\n".join(sample)).keep(lines).to_pylist()

    for line, kept in zip(lines, keep, strict=True):
        try:
            parse(line, 1_800_000_000_000, lambda: "id")
            reason = None
        except InvalidLike as invalid:
            reason = invalid.reason
        assert kept == (reason in {"not_json", "not_an_object", "empty", "too_deep"})


@given(st.lists(st.dictionaries(st.sampled_from("abAB"), values), min_size=1), lines)
@settings(max_examples=examples(20))
def test_any_lines_can_be_asked_once_a_sample_has_the_field(objects, lines):
    sample = [b'{"a":[{"b":null}]}', *(json.dumps(each).encode() for each in objects)]
    where = Where("a IS NULL OR a IS NOT NULL", b"\n".join(sample))

    assert all(where.keep(lines + sample).to_pylist())


def test_many_threads_may_ask_at_once():
    where = Where("n = 1", b'{"n":1}')
    given = [[b'{"n":%d}' % ((n + at) % 2) for n in range(at % 7 + 1)] for at in range(60)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(where.keep, given))
    assert [each.to_pylist() for each in found] == [
        [line == b'{"n":1}' for line in lines] for lines in given
    ]

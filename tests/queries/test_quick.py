"""Quick ways to what slower functions give: the same, of any text."""

import json
import random

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries.engine.trino import helpers, json_casts, jsonpath, jsontext, types
from queries.engine.trino.functions import FUNCTIONS, json_functions

NAMES = ["a", "b", "c", "a.b", "é", "tt"]
LEAVES = [
    None, True, False, 0, -1, 7, 10**18, 2**63 - 1, 2**63, 2**64, 10**25, 0.5, -0.0, 1e300, "", "a",
    "x y", "é", "\U0001f3ac", "a\\b", 'q"', "\n", "\x01", "NaN", "1.5", ",]", "/", "\u2028", "-0",
]  # fmt: skip
SPOILED = [
    ",",
    "]",
    "}",
    '"',
    "\\",
    "NaN",
    "-0",
    "1e3",
    "1.50",
    " ",
    "\t",
    '"a":1,',
    "[1,],",
    "\x00",
]


def value(rng, depth=0):
    kind = rng.random()
    if depth < 3 and kind < 0.45:
        members = [(rng.choice(NAMES), value(rng, depth + 1)) for _ in range(rng.randrange(4))]
        return "{" + ", ".join(f"{written(k, rng)}: {v}" for k, v in members) + "}"
    if depth < 3 and kind < 0.6:
        return "[" + ",".join(value(rng, depth + 1) for _ in range(rng.randrange(4))) + "]"
    return written(rng.choice(LEAVES), rng)


def written(leaf, rng):
    told = json.dumps(leaf, ensure_ascii=rng.random() < 0.3)
    return told.replace("e", "E") if isinstance(leaf, float) and rng.random() < 0.3 else told


def texts(count):
    rng = random.Random(15)
    for _ in range(count):
        text = value(rng)
        if rng.random() < 0.3:
            at = rng.randrange(len(text) + 1)
            text = text[:at] + rng.choice(SPOILED) + text[at + rng.randrange(2) :]
        yield text


@pytest.fixture(scope="module")
def session():
    assert FUNCTIONS and json_casts
    with duckdb.connect() as made:
        helpers.install(made, helpers.needed(helpers.known()))
        made.execute("CREATE TABLE t (x VARCHAR)")
        made.executemany("INSERT INTO t VALUES (?)", [[text] for text in texts(4000)])
        yield made


@pytest.mark.parametrize(
    ("quick", "exact"),
    [
        (
            json_functions.at(quick, exact, "x", path, f"'{path}'"),
            f"{exact}(x, '{path}')",
        )
        for quick, exact in (
            ("t_json_at", "t_json_extract"),
            ("t_json_scalar", "t_json_extract_scalar"),
        )
        for path in ("$", "$.a", "$.a.b", "$[0]", "$.a[1]")
    ]
    + [
        (jsonpath.value_at("x", path), f"t_json_path(x, '{path}', 'value')")
        for path in ("lax $.a", "lax $.a.b", "lax $.c")
    ],
)
def test_duckdb_s_own_functions_find_the_same_in_any_text(session, quick, exact):
    sql = f"SELECT x, {quick}, {exact} FROM t WHERE {quick} IS DISTINCT FROM {exact}"
    assert session.execute(sql).fetchall() == []


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(JSON.map(json.dumps) | JSON.map(lambda v: json.dumps(v, ensure_ascii=False)) | st.text())
def test_text_is_brought_into_one_form_by_either_way(text):
    def slow():
        return jsontext.dumps(jsontext.parse(text), ordered=True)

    try:
        wanted = slow()
    except jsontext.NoJson:
        with pytest.raises(jsontext.NoJson):
            jsontext.normal(text)
    else:
        assert jsontext.normal(text) == wanted
        value, write = jsontext.written(text)
        assert write(value) == jsontext.dumps(jsontext.parse(text))


@pytest.mark.parametrize("kind", ["varchar", "json", "bigint", "double", "boolean"])
@pytest.mark.parametrize("form", ["map", "array"])
def test_maps_and_arrays_are_cast_by_either_way(session, kind, form):
    target = types.parse(f"array({kind})" if form == "array" else f"map(varchar, {kind})")
    parsed = "(SELECT TRY(t_json_parse(x)) AS x FROM t)"
    exact = f"TRY(CAST(CAST(t_json_cast(x, '{target}') AS JSON) AS {target.duckdb}))"
    # One by one, as an error would end the batch.
    rows = [row[0] for row in session.execute(f"SELECT DISTINCT x FROM {parsed}").fetchall()]
    quick = f"t_json_{form}_{kind}(?)"
    for text in rows[:150]:
        [found] = one(session, f"SELECT {quick}", text)
        [other] = one(session, f"SELECT {exact.replace('(x,', '(?,')}", text)
        assert str(found) == str(other), text


def one(session, sql, text):
    try:
        return session.execute(sql, [text]).fetchone()
    except duckdb.Error:
        return [None]


URLS = [
    "http://example.com", "https://a.example.co:8080/x/y?k=v&k2&k=w#top", "http://example.com/?k",
    "http://example.com?k=", "http://example.com:/", "http://example.com:00080/", "http://a_b.com/",
    "http://-a.com/", "http://a-.com/", "http://a.b-c.com/", "http://1.2.3.4/x", "http://a.1b/",
    "http://user@a.com/", "mailto:a@b.com", "HTTP://a.com/", "http://a.com/a b", "http://a.com/%zz",
    "http://a.com/x?k=%20", "http://a.com/x?kk=1&k=2", "http://a.com/x?xk=1", "http://a.com/\n", "",
    "http://a.com/x?=1&k=", "http://a.com/x?k=a=b", "http://a.com/x#", "http://a.com./x", "http://a/x",
    "http://a.com/x?k=1#k=2", "http://a.com//x", "/x?k=1", "http://a.com/é", "https://a.b.c.com",
]  # fmt: skip


@pytest.mark.parametrize("part", ["protocol", "host", "port", "path", "query", "fragment"])
def test_parts_of_addresses_are_found_by_either_way(session, part):
    [made] = [each.write for each in FUNCTIONS[f"url_extract_{part}"]]
    for url in URLS:
        [quick] = one(session, f"SELECT {made.replace('{0}', '$1')}", url)
        [exact] = one(session, f"SELECT t_url_{part}($1)", url)
        assert quick == exact, url


def test_parameters_of_addresses_are_found_by_either_way(session):
    [made] = FUNCTIONS["url_extract_parameter"]
    for url in URLS:
        found = one(
            session, "SELECT t_url_named('&' || t_url_part($1, 5), '&k(?:=([^&]*))?(?:&|$)')", url
        )
        [common] = one(session, "SELECT t_url_common($1)", url)
        [exact] = one(session, "SELECT t_url_parameter($1, 'k')", url)
        assert not common or found[0] == exact, url
    assert made.name == "url_extract_parameter"

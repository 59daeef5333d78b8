"""Ids are taken out of text wherever they stand as words, and nothing else is touched."""

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transform.lake.erasure import Texts

ID = "user-000123"
CASES = [
    ('{"user_id":"user-000123","a":1}', '{"user_id":null,"a":1}'),
    ('{"payload":"{\\"user_id\\": \\"user-000123\\"}"}', '{"payload":"{\\"user_id\\": null}"}'),
    ('["user-000123",1]', "[null,1]"),
    ('{"user-000123":1}', '{"forgotten":1}'),
    ('{"a":"the user-000123 did"}', '{"a":"the forgotten did"}'),
    ('{"a":"l\\nuser-000123"}', '{"a":"l\\nforgotten"}'),
    ('{"a":"\\u0075ser-000123"}', '{"a":null}'),
    ("user-000123,tt1", "forgotten,tt1"),
    ("/users/user-000123?x", "/users/forgotten?x"),
    ("see user-000123.", "see forgotten."),
    ("user-0001234", None),
    ("xuser-000123", None),
    ("user-000123-a", None),
    ("user-000123.de", None),
    ("éuser-000123", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_an_id_goes_where_it_is_a_word(text, expected):
    texts = Texts(["another", ID])
    assert texts.cleaned(text.encode()).decode() == (text if expected is None else expected)


@pytest.mark.parametrize(("user", "text", "expected"), [
    ("7", '{"userId":7,"n":7,"s":"7"}', '{"userId":null,"n":7,"s":"7"}'),
    ("7", '{"user_id": "7", "user_count": 7}', '{"user_id": null, "user_count": 7}'),
    ("7", "user=7&n=7", "user=null&n=7"),
    ("123456", '{"who":"123456","n":123456}', '{"who":null,"n":123456}'),
    ("ann", '{"who":"ann","user":"ann"}', '{"who":"ann","user":null}'),
    ("a/b c@d.org", '{"who":"a\\/b c@d.org"}', '{"who":null}'),
    ("a/b c@d.org", "/u/a%2Fb%20c%40d.org/x", "/u/forgotten/x"),
    ("jürgen", '{"who":"j\\u00fcrgen"}', '{"who":null}'),
    ("\U0001f600smile", '{"who":"\\ud83d\\ude00smile"}', '{"who":null}'),
    ('quo"ted', '{"who":"quo\\"ted"}', '{"who":null}'),
    ("back\\slash", '{"who":"back\\\\slash"}', '{"who":null}'),
])  # fmt: skip
def test_what_is_short_or_a_number_is_an_id_where_a_key_says_so(user, text, expected):
    texts = Texts([user])
    assert texts.may_be_in(text.encode())
    assert texts.cleaned(text.encode()).decode() == expected


def test_bytes_that_are_no_text_lose_it_too():
    assert Texts([ID]).cleaned(b"\xff\x0buser-000123\x80") == b"\xff\x0bforgotten\x80"


def test_an_array_is_looked_at_whole():
    held = Texts([ID, "jü"]).may_hold(pa.array([ID, None, "x", "\\u00fc", f"a {ID}"]))
    assert held.to_pylist() == [True, None, False, True, True]
    assert Texts([]).may_be_in(b"\\u00fc") and not Texts([]).may_be_in(b"x")


ids = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=6, max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(ids.filter(lambda one: not one.isdecimal()), values, st.booleans(), st.integers(0, 2))
def test_of_any_json_only_the_value_that_is_the_id_goes(user, value, plain, depth):
    """However it is escaped, and however deep it stands as JSON within JSON."""
    for ascii_only in (False, True):
        told_value = json.dumps(value, ensure_ascii=ascii_only)
        if user in told_value or json.dumps(user, ensure_ascii=ascii_only)[1:-1] in told_value:
            return

    def told(who):
        text = json.dumps({"a": value, "who": who, "b": [who]}, ensure_ascii=plain)
        for _ in range(depth):
            text = json.dumps({"inner": text, "c": value}, ensure_ascii=plain)
        return text

    def parsed(text):
        for _ in range(depth):
            text = json.loads(text)["inner"]
        return json.loads(text)

    texts = Texts([user])
    data = told(user).encode()
    assert texts.may_be_in(data)
    without = texts.cleaned(data)
    assert parsed(without.decode()) == parsed(told(None))
    assert texts.cleaned(without) == without

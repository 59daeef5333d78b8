"""Pages of an answer, and the tokens of the next."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.athena import paging
from infra.local.athena.protocol import InvalidRequest


@given(st.integers(0, 10**12))
def test_a_token_says_its_place(place):
    assert paging.place(paging.token(place)) == place


@given(st.text())
def test_any_other_token_is_bad(text):
    with contextlib.suppress(InvalidRequest):
        assert paging.token(paging.place(text)) == text


def test_a_page_is_as_long_as_a_request_says_and_may():
    assert paging.size({}, 1, 50) == 50
    assert [paging.size({"MaxResults": n}, 1, 50) for n in (1, 50)] == [1, 50]


@pytest.mark.parametrize("given", [0, 51, "5", 5.0])
def test_a_page_of_another_length_is_refused(given):
    with pytest.raises(InvalidRequest, match="MaxResults must be from 1 to 50"):
        paging.size({"MaxResults": given}, 1, 50)

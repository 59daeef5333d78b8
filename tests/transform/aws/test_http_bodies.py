"""Bodies that come compressed are unpacked, and never past a limit."""

import contextlib
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transform.aws.http_bodies import Corrupt, TooLarge, UnknownCoding, unpack

BODY = b'{"movie_id":"m"}'


def raw(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("packed", "codings"),
    [
        (BODY, ""),
        (BODY, "identity"),
        (BODY, "gzip"),  # unpacked on its way
        (gzip.compress(BODY), "gzip"),
        (gzip.compress(BODY), "x-gzip"),
        (gzip.compress(BODY), " GZIP "),
        (gzip.compress(BODY[:4]) + gzip.compress(BODY[4:]), "gzip"),
        (zlib.compress(BODY), "deflate"),
        (raw(BODY), "deflate"),
        (gzip.compress(zlib.compress(BODY)), "deflate, gzip"),
    ],
)
def test_a_body_is_unpacked(packed, codings):
    assert unpack(packed, codings, 100) == BODY


@pytest.mark.parametrize(
    ("packed", "codings", "error"),
    [
        (BODY, "br", UnknownCoding),
        (BODY, "gzip, zstd", UnknownCoding),
        (b"x", "gzip", Corrupt),
        (gzip.compress(BODY)[:-1], "gzip", Corrupt),
        (gzip.compress(BODY) + b"x", "gzip", Corrupt),
        (b"x", "deflate", Corrupt),
        (gzip.compress(b"x" * 101), "gzip", TooLarge),
        (zlib.compress(b"x" * 101), "deflate", TooLarge),
        (gzip.compress(bytes(10**8)), "gzip", TooLarge),
    ],
)
def test_what_cannot_be_unpacked_is_told(packed, codings, error):
    with pytest.raises(error):
        unpack(packed, codings, 100)


@given(st.binary(), st.sampled_from(["gzip", "deflate", "deflate, gzip", "identity", "br", ","]))
def test_any_bytes_are_unpacked_or_refused(body, codings):
    with contextlib.suppress(UnknownCoding, Corrupt, TooLarge):
        assert len(unpack(body, codings, 1_000)) <= 1_000

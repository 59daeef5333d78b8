"""The lines of a source are all there, once, with their numbers, however it is kept."""

import gzip
import os

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.cli.backfill import line_chunks
from infra.cli.backfill.line_chunks import fetch, lines
from infra.cli.backfill.source_bytes import Unreadable
from infra.cli.backfill.source_files import find
from tests.examples import examples
from tests.infra.cli.backfill.bucket import Bucket


def never():
    raise AssertionError("S3 is not asked for local files")


def zstd(data):
    return pa.compress(data, codec="zstd", asbytes=True)


def packed(compress, parts):
    """Each part a gzip member or zstd frame of its own."""
    return b"".join(map(compress, parts))


COMPRESS = {"plain": bytes, "gzip": gzip.compress, "zstd": zstd}
SKIPPED = b"\x50\x2a\x4d\x18\x04\x00\x00\x00size"
"""A zstd frame that holds no data: pzstd begins its files with one."""


def source(path, data):
    path.write_bytes(data)
    return find([str(path)], never).sources[0]


def some(rows):
    return b"".join(b'{"movie_id":"tt%07d","n":%d}\n' % (n % 97, n) for n in range(rows))


def until_unreadable(chunks):
    data = b""
    with pytest.raises(Unreadable) as error:
        for chunk in chunks:
            data += chunk.data
    return data, error.value


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("sources") / "likes"


@given(
    st.lists(st.text("a\n\r\0é", max_size=9).map(str.encode), max_size=9),
    st.sampled_from(sorted(COMPRESS)),
    st.integers(1, 40),
)
@settings(max_examples=examples(60))
def test_the_chunks_are_the_file_in_whole_lines(path, parts, compression, chunk_bytes):
    whole = b"".join(parts)
    stored = packed(COMPRESS[compression], parts)

    chunks = list(lines(source(path, stored), never, chunk_bytes))

    assert b"".join(chunk.data for chunk in chunks) == whole
    assert all(chunk.data.endswith(b"\n") for chunk in chunks[:-1])
    before = b""
    for chunk in chunks:
        assert chunk.data and chunk.numbers is None
        assert chunk.first == before.count(b"\n") + 1
        longest = max(map(len, chunk.data.split(b"\n"))) + 1
        assert len(chunk.data) <= 2 * chunk_bytes + longest + 6  # what tells the compression
        before += chunk.data


@pytest.mark.parametrize("compression", sorted(COMPRESS))
def test_large_files_come_in_many_chunks(path, compression):
    data = some(100_000)

    chunks = list(lines(source(path, COMPRESS[compression](data)), never, 2**18))

    assert b"".join(chunk.data for chunk in chunks) == data
    assert len(chunks) >= len(data) // 2**19
    assert max(len(chunk.data) for chunk in chunks) < 2**19


def test_a_line_longer_than_a_chunk_is_one_chunk(path):
    data = b"x" * 1000 + b"\n" + b"y" * 1000

    chunks = list(lines(source(path, data), never, 10))

    assert [(chunk.first, len(chunk.data)) for chunk in chunks] == [(1, 1001), (2, 1000)]


def test_of_an_endless_line_only_a_part_is_held(path, monkeypatch):
    monkeypatch.setattr(line_chunks, "LONGEST_LINE", 100)
    data = b"a\n" + b"x" * 1000 + b"\nb\n" + b"y" * 1000

    chunks = list(lines(source(path, data), never, 10))

    joined = b"".join(chunk.data for chunk in chunks).split(b"\n")
    assert [line[:1] for line in joined] == [b"a", b"x", b"b", b"y"]
    assert all(len(line) <= 120 for line in joined)


def test_zeros_between_and_after_gzip_members_are_padding(path):
    stored = gzip.compress(b"a\n") + bytes(700) + gzip.compress(b"b\n") + bytes(3)

    assert [chunk.data for chunk in lines(source(path, stored), never)] == [b"a\nb\n"]


def test_zstd_frames_may_hold_nothing(path):
    stored = SKIPPED + zstd(b"a\n") + SKIPPED + zstd(b"") + zstd(b"b\n")

    assert [chunk.data for chunk in lines(source(path, stored), never)] == [b"a\nb\n"]


def test_of_a_cut_gzip_file_come_all_lines_before_the_cut(path):
    data = b"".join(os.urandom(40).hex().encode() + b"\n" for _ in range(50_000))
    stored = gzip.compress(data)

    got, error = until_unreadable(lines(source(path, stored[: len(stored) // 2]), never, 2**16))

    assert data.startswith(got) and got.endswith(b"\n")
    assert len(got) > len(data) * 0.45
    assert error.line == got.count(b"\n")
    assert str(error) == (
        f"{path} cannot be read past line {error.line:,}: its gzip data is cut off."
    )


@given(st.integers(1, 2_000))
@settings(max_examples=examples(25))
def test_of_a_cut_file_no_line_is_cut(path, missing):
    data = some(500)
    for name in ("gzip", "zstd"):
        stored = COMPRESS[name](data) + COMPRESS[name](data)
        if 2 * missing == len(stored) or missing > len(stored) - 4:
            continue  # what is left is a whole file, or does not tell that it was compressed

        got, error = until_unreadable(lines(source(path, stored[:-missing]), never, 2**10))

        assert (data + data).startswith(got) and (not got or got.endswith(b"\n"))
        if 2 * missing < len(stored):
            assert len(got) >= len(data), "the first member is whole"
        assert error.line == got.count(b"\n")


def test_what_a_cut_zstd_file_holds_in_whole_blocks_is_given(path):
    data = some(200_000)
    stored = zstd(data)

    got, error = until_unreadable(lines(source(path, stored[:-100]), never))

    assert len(data) - len(got) < 2**18  # a block holds 128 KiB (RFC 8878, section 3.1.1.2)
    assert str(error).endswith(": its zstd data is cut off.")


def test_lines_before_a_fault_are_given(path):
    data = some(100_000)
    member = bytearray(gzip.compress(data))
    for at in range(len(member) // 2, len(member) // 2 + 300):
        member[at] ^= 0xFF

    got, error = until_unreadable(lines(source(path, bytes(member)), never))

    assert len(got) > len(data) * 0.4
    assert got[: len(data) // 3] == data[: len(data) // 3]
    assert str(error).endswith(": its gzip data is corrupt.")
    bad = zstd(data) + b"no frame"
    got, error = until_unreadable(lines(source(path, bad), never))
    assert got == data
    assert str(error).endswith(": its zstd data is corrupt.")


@pytest.mark.parametrize(
    ("head", "name"),
    [(b"BZh9", "bzip2"), (b"\xfd7zXZ\0", "xz"), (b"PK\3\4", "zip"), (b"\4\x22\x4d\x18", "lz4")],
)
def test_other_archives_are_named(path, head, name):
    got, error = until_unreadable(lines(source(path, head + b"...."), never))

    assert got == b"" and error.line == 0
    assert f"{path} cannot be read: it is compressed with {name}" in str(error)


def test_a_local_file_that_changes_or_goes_is_noticed(path):
    data = some(1_000)
    changed = source(path, data)
    chunks = lines(changed, never, 2**10)
    next(chunks)
    with open(path, "ab") as file:
        file.write(b"more\n")

    assert "it changed since it was found" in str(until_unreadable(chunks)[1])
    assert "it changed since it was found" in str(until_unreadable(lines(changed, never))[1])
    path.unlink()
    assert str(until_unreadable(lines(changed, never))[1]) == f"{path} cannot be read: it is gone."
    path.mkdir()
    assert "is a directory" in str(until_unreadable(lines(changed, never))[1])
    path.rmdir()


def in_s3(data):
    s3 = Bucket(**{"likes.json": data})
    return s3, find(["s3://history/likes.json"], lambda: s3).sources[0]


@given(st.lists(st.integers(0, 700), max_size=6), st.sampled_from(sorted(COMPRESS)))
@settings(max_examples=examples(25))
def test_a_broken_connection_is_taken_up_where_it_broke(breaks, compression):
    data = some(100)
    s3, found = in_s3(COMPRESS[compression](data))
    s3.breaks = [*breaks[:4], *(at or 1 for at in breaks[4:])]

    assert b"".join(chunk.data for chunk in lines(found, lambda: s3, 100)) == data


def test_a_connection_that_gives_nothing_again_and_again_is_an_outage():
    data = some(100)
    s3, found = in_s3(data)
    s3.breaks = [1_000, 0, 0, 0, 0, 0]

    got, error = until_unreadable(lines(found, lambda: s3, 100))

    assert got == data[: data.rfind(b"\n", 0, 1_000) + 1]
    assert "Connection reset by peer" in str(error)
    assert s3.ranges == [None, *["bytes=1000-"] * 5]


def test_an_object_that_changes_or_goes_is_noticed():
    s3, found = in_s3(some(1_000))
    s3.breaks = [5_000]
    s3.after = lambda: s3.objects.update({"likes.json": b"another"})
    assert "it changed since it was found" in str(until_unreadable(lines(found, lambda: s3, 99))[1])
    s3.objects.clear()
    assert "it is gone" in str(until_unreadable(lines(found, lambda: s3))[1])
    s3.forbidden = {"get"}
    assert "AccessDenied" in str(until_unreadable(lines(found, lambda: s3))[1])


def test_a_zstd_object_that_changes_in_between_is_noticed():
    s3, found = in_s3(zstd(os.urandom(3_000_000)))
    s3.breaks = [2_000_000]
    s3.after = lambda: s3.objects.update({"likes.json": b"another"})

    assert "it changed since it was found" in str(until_unreadable(lines(found, lambda: s3))[1])


def test_an_object_is_fetched_whole_or_not_at_all(tmp_path, path):
    data = gzip.compress(some(100))
    s3, found = in_s3(data)

    copy = fetch(found, lambda: s3, tmp_path)

    assert copy.parent == tmp_path and copy.read_bytes() == data
    assert [chunk.data for chunk in lines(found, never, copy=copy)] == [some(100)]
    copy.unlink()
    s3.objects.clear()
    with pytest.raises(Unreadable, match="it is gone"):
        fetch(found, lambda: s3, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert fetch(source(path, data), never, tmp_path) == path

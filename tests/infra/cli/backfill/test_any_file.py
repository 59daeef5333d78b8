"""Whatever a file holds becomes likes or reasons, or one sentence, and memory has an end."""

import gzip
import io
import json
import subprocess
import sys
import zipfile
import zlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.cli.backfill import formats, source_bytes, source_files
from infra.cli.backfill.layout import Layout
from infra.cli.backfill.ledger import Request
from infra.cli.backfill.source_files import SourceError
from tests.examples import examples, some

NOW = 1_769_860_800_000
parts = st.sampled_from(
    [
        b'{"movie_id":"a","liked_at":"2024-01-05 10:00:00"}',
        b'{"movie_id":"a","liked_at":1704448800000}',
        b'{"movie_id":"b","x":NaN}',
        b"movie_id,user_id,liked_at\n",
        b"a,u,2024-01-05\n",
        b'a,"u\n',
        b"a::u::1\n",
        b"\\N\t\\t\n",
        *(b"\n", b"\r\n", b"[", b"]", b",", b"{", b"}", b'"', b"\\", b"\x1e", b"\xff", b"\0"),
        *(b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"PAR1", b"PK\x03\x04", b"\x1f\x8b"),
    ]
)
contents = st.lists(parts, max_size=12).map(b"".join) | st.binary(max_size=40)
packs = st.sampled_from([bytes, gzip.compress, lambda data: gzip.compress(data)[:-3]])
requests = st.builds(
    Request,
    st.just(("x",)),
    st.sampled_from([{}, {"movie_id": "movie_id|user_id"}, {"liked_at": "x.y"}]),
    st.sampled_from([None, "movie_id <> 'b'", "liked_at > 3"]),
    st.sampled_from(["ms", "s"]),
    st.sampled_from([None, "UTC", "Europe/Berlin"]),
    st.sampled_from(
        [Layout(), Layout("::", ("movie_id", "user_id", "x")), Layout(None, (), False, True)]
    ),
    st.booleans(),
)


def outcome(path, request, folder):
    """Give the lines, likes and rejects of a file; None where it cannot be read to its end."""
    lines = likes = bad = 0
    try:
        for source in source_files.find([str(path)], lambda: None).sources:
            for read in formats.read(source, request, None, NOW, NOW, 1, 0, folder):
                lines, likes = lines + read.lines, likes + len(read.rows)
                bad += len(read.bad)
    except SourceError as error:
        assert str(error).count("\n") == 0
    return lines, likes, bad


@given(contents, packs, st.sampled_from(["jsonl", "csv", "parquet", "zip", "bin"]), requests)
@settings(max_examples=examples(100), deadline=None)
def test_any_bytes_give_likes_or_reasons(tmp_path_factory, data, pack, kind, request):
    folder = tmp_path_factory.mktemp("any")
    path = folder / f"x.{kind}"
    path.write_bytes(pack(data))
    lines, likes, bad = outcome(path, request, folder)
    blank = data.count(b"\n") + 1
    assert likes + bad <= lines <= likes + bad + blank
    again = outcome(path, request, folder)
    assert again == (lines, likes, bad)


def test_files_in_an_archive_are_read_and_others_named(tmp_path):
    path = tmp_path / "a.ZIP"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/a.jsonl", '{"movie_id":"a"}\n')
        archive.writestr("x/b.csv", "movie_id\nb\n")
        archive.writestr("x/.c.csv", "movie_id\nb\n")
        archive.writestr("__MACOSX/x/b.csv", "movie_id\nb\n")
        archive.writestr("README", "x")
        archive.writestr("x/", "")
    found = source_files.find([str(path)], lambda: None)
    assert [source.name for source in found.sources] == [f"{path}!x/a.jsonl", f"{path}!x/b.csv"]
    assert len(found.passed_over) == 3
    assert outcome(path, Request((str(path),)), tmp_path) == (2, 2, 0)
    [readme] = source_files.find([f"{path}!README"], lambda: None).sources
    assert (readme.name, readme.kind) == (f"{path}!README", "json")
    with pytest.raises(SourceError, match="nothing to read"):
        source_files.find([f"{path}!none"], lambda: None)
    in_folder = source_files.find([str(tmp_path)], lambda: None)
    assert in_folder.sources == found.sources


def test_an_archive_that_changed_or_broke_is_told(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.jsonl", '{"movie_id":"a"}\n' * 9)
    [source] = source_files.find([str(path)], lambda: None).sources
    data = bytearray(path.read_bytes())
    data[60] ^= 1
    path.write_bytes(data)
    with pytest.raises(SourceError, match="changed since|corrupt"):
        list(formats.read(source, Request(("x",)), None, NOW, NOW, 1, 0, tmp_path))
    path.write_bytes(data[:-10])
    with pytest.raises(SourceError, match="is no whole zip archive"):
        source_files.find([str(path)], lambda: None)


def overlapping():
    """Give an archive whose files are all the same bytes of it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0.jsonl", bytes(10**6))
        [info] = archive.filelist
        for number in range(1, 500):
            copy = zipfile.ZipInfo(f"{number}.jsonl")
            for name in ("header_offset", "compress_size", "file_size", "CRC", "compress_type"):
                setattr(copy, name, getattr(info, name))
            archive.filelist.append(copy)
            archive.NameToInfo[copy.filename] = copy
        archive._didModify = True
    return out.getvalue()


def zeros(size):
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(
        [*(packer.compress(bytes(2**20)) for _ in range(size // 2**20)), packer.flush()]
    )


def in_zip(size):
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.jsonl", "w", force_zip64=True) as file,
    ):
        for _ in range(size // 2**20):
            file.write(bytes(2**20))
    return out.getvalue()


def of_table(columns):
    out = io.BytesIO()
    [rows] = {len(column) for column in columns.values()}
    table = pa.table({"movie_id": pa.repeat("a", rows), **columns})
    pq.write_table(table, out, compression="zstd", row_group_size=rows)
    return out.getvalue()


def lying(data):
    """Give an archive that says of its file that it comes to ten bytes."""
    told = bytearray(data)
    for signature, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = told.rindex(signature) + at
        told[place : place + 4] = (10).to_bytes(4, "little")
    return bytes(told)


def small_archive():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.jsonl", bytes(2**27))
    return out.getvalue()


BOMBS = {
    "zeros.jsonl.gz": lambda: zeros(2**28),
    "zeros.csv.gz": lambda: zeros(2**28),
    "zeros.jsonl.zst": lambda: pa.compress(bytes(2**28), "zstd", asbytes=True),
    "lines.zip": lambda: in_zip(2**28),
    "overlapping.zip": overlapping,
    "lying.zip": lambda: lying(small_archive()),
    "members.jsonl.gz": lambda: zeros(2**20) * 2**8,
    "utf16.jsonl.gz": lambda: gzip.compress(b"\xff\xfe" + bytes(2**27)),
    "texts.parquet": lambda: of_table({"x": pa.array(["x" * 40_000] * 20_000)}),
    "texts_in_lists.parquet": lambda: of_table({"x": pa.array([["x" * 40_000] * 20] * 1_000)}),
    "lists.parquet": lambda: of_table({"x": pa.array([[0] * 200_000] * 100)}),
    "rows.parquet": lambda: of_table({"x": pa.repeat("x", 9_000_000)}),
    "deep.json": lambda: b'{"a":' * 10**6,
    "deep_array.json": lambda: b"[" * 2 * 10**6,
    "deep_objects.json": lambda: b'[{"a":' * 10**6,
}


PROGRAM = f"""
import json, pathlib, resource, sys
from infra.cli.backfill import formats, source_files
from infra.cli.backfill.ledger import Request

folder = pathlib.Path(sys.argv[1])
for name in sys.argv[2:]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    likes, told = 0, "read"
    try:
        for source in source_files.find([str(folder / name)], lambda: None).sources:
            for read in formats.read(source, Request(("x",)), None, {NOW}, {NOW}, 1, 0, folder):
                likes += len(read.rows)
    except source_files.SourceError as error:
        told = str(error)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(json.dumps([name, told, likes, used]), flush=True)
"""


def test_a_bomb_is_refused_in_little_memory(tmp_path):
    bombs = some(sorted(BOMBS), 3)  # one of each kind of file
    for name in bombs:
        (tmp_path / name).write_bytes(BOMBS[name]())
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), *bombs],
        capture_output=True,
        text=True,
        check=True,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [name for name, *_ in answers] == bombs
    for name, told, likes, used in answers:
        assert likes == 0
        assert used < 400_000, name  # KB
        if "deep" not in name:
            many = f"more than {source_bytes.MOST_TIMES} times its size"
            assert any(why in told for why in (many, "overlap", "is corrupt")), name

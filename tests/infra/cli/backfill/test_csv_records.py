"""Records of CSV files are the JSON lines that a producer would have sent."""

import gzip

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from infra.cli.backfill import csv_records
from infra.cli.backfill.line_chunks import Chunk
from infra.cli.backfill.source_bytes import Unreadable
from infra.cli.backfill.source_files import SourceError
from tests.examples import examples
from tests.infra.cli.backfill.tables import numbered, objects
from transform.event.stream_records import BadLine


def test_a_csv_file_gives_its_fields_as_text_and_leaves_out_what_is_empty(ask):
    data = 'movieId,user_id,liked_at,note\n42,,1700000000123,"a ""b"",\nc"\ntt1,7,2024-01-31,\n'

    answer = ask(data)

    assert answer == [
        Chunk(
            2,
            b'{"movieId":"42","liked_at":1700000000123,"note":"a \\"b\\",\\nc"}\n'
            b'{"movieId":"tt1","user_id":"7","liked_at":"2024-01-31"}\n',
            [2, 4],
        )
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_the_delimiter_is_told_by_the_first_line(ask, delimiter, ending, start):
    lines = [["movie_id", "user_id", " note "], ["a", "b", "x, y; z"], ["c", "d", ""]]
    data = start + "".join(
        delimiter.join(f'"{cell}"' if "x" in cell else cell for cell in line) + ending
        for line in lines
    )

    assert objects(ask(data)) == [
        {"movie_id": "a", "user_id": "b", "note": "x, y; z"},
        {"movie_id": "c", "user_id": "d"},
    ]


def test_rows_that_are_no_csv_are_named_and_the_rest_goes_on(ask):
    lines = [
        b"movie_id,user_id",
        b'a,"1',
        b'2"',
        b"b",
        b"",
        b"c,d,e",
        b'd,"x"y',
        b"e,caf\xe9",
        b"f,1",
        b'g,"open',
        b"h,2",
    ]

    answer = ask(b"\n".join(lines))

    assert numbered(answer) == {
        2: {"movie_id": "a", "user_id": "1\n2"},
        9: {"movie_id": "f", "user_id": "1"},
        11: {"movie_id": "h", "user_id": "2"},
        **{number: lines[number - 1] for number in (4, 6, 7, 8, 10)},
    }
    assert {item.number: item.detail for item in answer if isinstance(item, BadLine)} == {
        4: "A row has 2 fields; this has 1.",
        6: "A row has 2 fields; this has 3.",
        7: "This is no CSV: ',' expected after '\"'.",
        8: "This is not UTF-8.",
        10: "This is no CSV: unexpected end of data.",
    }


cells = st.text('a,"\n\r é', max_size=4)


@given(
    st.lists(st.tuples(cells, cells), max_size=8),
    st.binary(max_size=12).map(lambda b: b.replace(b"\r", b"")),
    st.integers(1, 30),
    st.booleans(),
)
@example([("", "")], b"\xef\xbb\xbf", 1, False)
@settings(max_examples=examples(60))
def test_what_a_csv_file_gives_does_not_depend_on_its_chunks(given_rows, noise, size, last):
    def cell(text):
        return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\n\r') else text

    text = "".join(f"x{cell(a)},{cell(b)}\n" for a, b in given_rows if not a.startswith('"'))
    data = b"movie_id,note\n" + text.encode() + noise + (b"\n" if last else b"")

    def read(pieces):
        good, bad = {}, {}
        for item in csv_records.records("x.csv", pieces, 3):
            if isinstance(item, BadLine):
                bad[item.number] = item.payload
            else:
                good |= zip(item.numbers, item.table.to_pylist(), strict=True)
        return good, bad

    def chunks():
        first, held = 1, b""
        for line in data.split(b"\n"):
            held += line + b"\n"
            if len(held) >= size:
                yield Chunk(first, held)
                first, held = first + held.count(b"\n"), b""
        if held:
            yield Chunk(first, held)

    whole = read([Chunk(1, data + b"\n")])
    assert read(chunks()) == whole
    assert not whole[0].keys() & whole[1].keys()


def test_what_is_plain_and_what_is_quoted_read_alike(ask):
    cells = [[f"m{n}", "" if n % 3 else "é x", str(n)] for n in range(100)]
    plain = "\n".join(",".join(line) for line in [["movie_id", "note", "n"], *cells])
    quoted = "\n".join(
        ",".join(f'"{cell}"' for cell in line) for line in [["movie_id", "note", "n"], *cells]
    )

    assert ask(plain) == ask(quoted) == ask(plain.replace("\n", "\r\n") + "\r\n")


@pytest.mark.parametrize(
    "compress", [gzip.compress, lambda data: pa.compress(data, codec="zstd", asbytes=True)]
)
def test_a_compressed_csv_file_is_read_as_far_as_it_goes(ask, compress):
    data = b"movie_id,n\n" + b"".join(b"tt%d,%d\n" % (n, n * n) for n in range(50_000))
    stored = compress(data)

    assert ask(stored, suffix=".csv.gz") == ask(data)
    with pytest.raises(Unreadable, match="likes.csv cannot be read past line"):
        ask(stored[:-50])


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("film,who\na,b\n", "has no column movie_id or movieId, and none is mapped to it. Its "),
        ("film,who\na,b\n", "Its columns are: film, who."),
        ("", "is empty; the first line of a CSV file names its columns"),
        ("\n\n", "is blank"),
        ("movie_id,caf\xe9\n1,2\n".encode("latin-1"), "is not in UTF-8"),
        ('movie_id,"user\nid"\n', "is no CSV; it names the columns"),
    ],
)
def test_a_file_without_the_columns_it_needs_is_told(ask, data, told):
    with pytest.raises(SourceError) as error:
        ask(data)
    assert told in str(error.value) and "likes.csv" in str(error.value)


def test_a_header_names_each_column_apart(ask):
    assert objects(ask("movie_id,a,A,,a\n1,2,3,4,5\n")) == [
        {"movie_id": "1", "a": "2", "A_1": "3", "column3": "4", "a_2": "5"}
    ]


@pytest.mark.parametrize("chunk_rows", [1, 2, 50])
def test_of_a_table_and_the_bad_rows_beside_it_all_come_before_the_next_one(ask, chunk_rows):
    """So that whoever stops after a table knows what it has seen: all up to its last row."""
    rows = [f'"{n}",x' if n % 3 else f"{n}" for n in range(20)]

    seen = 0
    for item in ask("\n".join(["movie_id,n", *rows]), chunk_rows=chunk_rows):
        if isinstance(item, BadLine):
            assert item.number > seen
        else:
            numbers = item.numbers or range(item.first, item.first + item.data.count(b"\n"))
            assert numbers[0] > seen
            seen = numbers[-1]
    assert seen == 21

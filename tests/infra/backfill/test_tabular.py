"""Rows of CSV and Parquet files are the JSON lines that a producer would have sent."""

import decimal
import gzip
import json
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.backfill import delimited
from infra.backfill.reading import Chunk
from infra.backfill.sources import SourceError, find
from infra.backfill.streams import Unreadable
from infra.backfill.tabular import rows
from transform.stream import BadLine


@pytest.fixture
def ask(tmp_path):
    """Write a table and read it: a text as CSV, a dictionary of columns as Parquet."""

    def ask(data, where=None, unit="ms", chunk_rows=50_000, suffix=".csv", **fields):
        path = tmp_path / f"likes{suffix if isinstance(data, str | bytes) else '.parquet'}"
        if isinstance(data, str | bytes):
            path.write_bytes(data.encode() if isinstance(data, str) else data)
        else:
            pq.write_table(data if isinstance(data, pa.Table) else pa.table(data), path)
        source = find([str(path)], lambda: None).sources[0]
        return list(rows(source, path, fields, where, unit, chunk_rows))

    return ask


def numbered(answer):
    """By number, each row's object and each bad line."""
    given = {}
    for item in answer:
        if isinstance(item, BadLine):
            assert item.reason == "not_csv" and item.number not in given
            given[item.number] = item.payload
            continue
        lines = item.data.split(b"\n")
        assert lines.pop() == b""
        numbers = item.numbers or range(item.first, item.first + len(lines))
        assert item.first == numbers[0] and len(numbers) == len(lines)
        for number, line in zip(numbers, lines, strict=True):
            assert number not in given
            given[number] = json.loads(line)
    return given


def objects(answer):
    return list(numbered(answer).values())


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
@settings(max_examples=200)
def test_what_a_csv_file_gives_does_not_depend_on_its_chunks(given_rows, noise, size, last):
    def cell(text):
        return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\n\r') else text

    text = "".join(f"x{cell(a)},{cell(b)}\n" for a, b in given_rows if not a.startswith('"'))
    data = b"movie_id,note\n" + text.encode() + noise + (b"\n" if last else b"")

    def read(pieces):
        good, bad = {}, {}
        for item in delimited.records("x.csv", pieces, 3):
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
        ("movie_id,user_id\n1,2\n".encode("utf-16"), "is not in UTF-8"),
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


MOMENT = datetime(2024, 1, 31, 12, 0, 0, 123_999)
MS = 1_706_702_400_123


@pytest.mark.parametrize(
    ("column", "unit", "expected"),
    [
        (pa.array([MOMENT], pa.timestamp("us")), "s", MS),
        (pa.array([MOMENT], pa.timestamp("us", "America/New_York")), "s", MS),
        (pa.array([MOMENT], pa.timestamp("ns")), "s", MS),
        (pa.array([MOMENT], pa.timestamp("ns", "Asia/Kolkata")), "s", MS),
        (pa.array([MOMENT], pa.timestamp("ms")).cast(pa.timestamp("ms")), "ms", MS),
        (pa.array([date(2024, 1, 31)]), "s", 1_706_659_200_000),
        (pa.array([MS]), "ms", MS),
        (pa.array([MS // 1000], pa.int32()), "s", MS // 1000 * 1000),
        (pa.array([MS * 1000 + 999]), "us", MS),
        (pa.array([MS * 1_000_000 + 999_999]), "ns", MS),
        (pa.array([2**63 - 1]), "s", (2**63 - 1) * 1000),
        (pa.array([MS / 1000]), "s", MS),
        (pa.array([MS + 0.9]), "ms", MS),
        (pa.array([MS * 1000.0]), "us", MS),
        (pa.array([float("nan")]), "ms", None),
        (pa.array([float("inf")]), "ms", "inf"),
        (pa.array([decimal.Decimal(MS * 1_000_000)], pa.decimal128(38, 0)), "ns", MS),
        (pa.array([decimal.Decimal(MS) / 1000], pa.decimal128(18, 3)), "s", MS),
        (pa.array([str(MS)]), "ms", MS),
        (pa.array([f" {MS // 1000}\r"]), "s", MS // 1000 * 1000),
        (pa.array(["9" * 50]), "s", "9" * 50),
        (pa.array(["2024-01-31T12:00:00Z"]), "s", "2024-01-31T12:00:00Z"),
        (pa.array(["-5"]), "s", "-5"),
        (pa.array([None], pa.int64()), "s", None),
        (pa.array([True]), "s", True),
        (pa.array([[1]]), "s", [1]),
    ],
)
@pytest.mark.parametrize("name", ["liked_at", "likedAt"])
def test_times_become_epoch_milliseconds(ask, column, unit, expected, name):
    answer = objects(ask({"movie_id": ["a"], name: column}, unit=unit))

    assert answer == [{"movie_id": "a"} | ({} if expected is None else {name: expected})]


@given(st.integers(-(10**16), 10**16))
@settings(max_examples=30)
def test_a_whole_epoch_is_cut_to_milliseconds(tmp_path_factory, number):
    path = tmp_path_factory.mktemp("epochs") / "a.parquet"
    pq.write_table(pa.table({"movie_id": ["a"], "liked_at": [number]}), path)
    source = find([str(path)], lambda: None).sources[0]
    for unit, per_ms in {"ms": 1, "us": 1_000, "ns": 1_000_000}.items():
        assert objects(rows(source, path, {}, None, unit))[0]["liked_at"] == number // per_ms


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([42]), "42"),
        (pa.array([42.0]), "42"),
        (pa.array([42.5]), "42.5"),
        (pa.array([float("nan")]), None),
        (pa.array([decimal.Decimal("42.00")], pa.decimal128(10, 2)), "42"),
        (pa.array([decimal.Decimal("42.50")], pa.decimal128(10, 2)), "42.50"),
        (pa.array([2**64 - 1], pa.uint64()), str(2**64 - 1)),
        (pa.array([b"caf\xc3\xa9"]), "café"),
        (pa.array([b"\xff"]), "\\xFF"),
        (pa.array(["a"]).dictionary_encode(), "a"),
        (pa.array([True]), "true"),
        (pa.array(['"\\\n\0\u2028']), '"\\\n\0\u2028'),
        (pa.array([{"id": 1}]), {"id": 1}),
    ],
)
def test_what_an_event_has_as_text_is_text(ask, column, expected):
    answer = objects(ask({"movie_id": ["a"], "user_id": column, "eventId": column}))

    told = {} if expected is None else {"user_id": expected, "eventId": expected}
    assert answer == [{"movie_id": "a"} | told]


def test_all_else_has_its_json_type(ask):
    answer = ask(
        {
            "movie_id": ["a", None],
            "n": [1, None],
            "big": [2**53 + 1, None],
            "x": [1.5, float("nan")],
            "ok": [True, None],
            "film": [{"id": 1, "no": None}, None],
            "tags": [["x"], None],
            "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
            "day": [date(2024, 1, 31), None],
            "at": pa.array([datetime(2024, 1, 31, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
            "none": pa.nulls(2),
            "é\"'": ["q", None],
        }
    )

    assert objects(answer) == [
        {
            "movie_id": "a",
            "n": 1,
            "big": 2**53 + 1,
            "x": 1.5,
            "ok": True,
            "film": {"id": 1, "no": None},
            "tags": ["x"],
            "map": {"k": 1},
            "day": "2024-01-31",
            "at": "2024-01-31 00:00:00+00",
            "é\"'": "q",
        },
        {},
    ]


def test_columns_are_mapped_to_fields(ask):
    data = {
        "film": [{"id": 7, "name": "Heat"}],
        "Who": ["u"],
        "movie_id": ["gives way"],
        "a.b": [1],
    }

    answer = ask(data, movie_id="film.id", user_id="who", source="a.b")

    assert answer[0].data == (
        b'{"film":{"id":7,"name":"Heat"},"movie_id":"7","source":"1","user_id":"u"}\n'
    )


@pytest.mark.parametrize("fields", [{"movie_id": "nope"}, {"movie_id": "film.nope"}])
def test_a_column_that_is_not_there_is_told(ask, fields):
    with pytest.raises(SourceError) as error:
        ask({"film": [{"id": 7}], "who": ["u"]}, **fields)
    assert f"has no column {fields['movie_id']} to read movie_id from" in str(error.value)
    assert "Its columns are: film, who." in str(error.value)


@pytest.mark.parametrize("chunk_rows", [1, 7, 50_000])
def test_a_condition_keeps_rows_and_their_numbers(ask, chunk_rows):
    table = {"movie_id": list(range(20)), "film": [{"id": n % 3} for n in range(20)]}

    answer = ask(table, "film.id = 1 -- thirds", chunk_rows=chunk_rows)

    assert {number: each["movie_id"] for number, each in numbered(answer).items()} == {
        n + 1: str(n) for n in range(20) if n % 3 == 1
    }
    text = "movie_id,n\n" + "".join(f"{n},{n % 3}\n" for n in range(20))
    assert list(numbered(ask(text, "n = 1", chunk_rows=chunk_rows))) == [
        n + 2 for n in range(20) if n % 3 == 1
    ]


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("nope = 1", "Its columns are: movie_id, who."),
        ("true) UNION ALL SELECT 1, '{}' WHERE (true", "is not one SQL condition"),
        ("sum(who) > 1", "cannot contain aggregates"),
        ("who = (SELECT content FROM read_text('/etc/hostname'))", "cannot be asked"),
        ("who::INTEGER = 1", "fails for"),
    ],
)
def test_a_condition_that_cannot_be_asked_is_told(ask, where, told):
    with pytest.raises(SourceError) as error:
        ask({"movie_id": ["a"], "who": ["u"]}, where)
    assert told in str(error.value) and repr(where) in str(error.value)


def test_a_file_that_is_no_parquet_is_told(ask):
    with pytest.raises(Unreadable, match=r"likes.parquet cannot be read: it is no whole Parquet"):
        ask(b"PAR1 but nothing else", suffix=".parquet")


def test_of_a_parquet_file_that_is_broken_come_the_rows_before(tmp_path):
    path = tmp_path / "a.parquet"
    table = pa.table({"movie_id": [f"tt{n}" for n in range(1_000)]})
    pq.write_table(table, path, row_group_size=500, compression="zstd", use_dictionary=False)
    at = pq.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    data = bytearray(path.read_bytes())
    data[at : at + 300] = bytes(300)
    path.write_bytes(data)
    source = find([str(path)], lambda: None).sources[0]

    got = []
    with pytest.raises(Unreadable, match="cannot be read past line 500: it is no whole Parquet"):
        for chunk in rows(source, path, {}, None, "ms", 100):
            got.append(chunk)

    assert len(numbered(got)) == 500
    path.write_bytes(b"")
    with pytest.raises(Unreadable, match="it changed since it was found"):
        list(rows(source, path, {}, None, "ms"))


def test_a_text_that_is_no_utf_8_is_told(ask):
    text = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe")]
    )
    with pytest.raises(Unreadable, match="UTF"):
        ask({"movie_id": text})


def test_an_empty_table_gives_nothing(ask):
    assert ask({"movie_id": pa.array([], pa.string())}) == []
    assert ask("movie_id,user_id\n") == []


def test_wide_rows_come_fewer_at_a_time(ask):
    note = [str(n) * 500_000 for n in range(20, 40)]

    assert len(ask({"movie_id": ["a"] * 20, "note": note})) >= 2

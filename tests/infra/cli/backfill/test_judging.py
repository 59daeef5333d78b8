"""A condition is what a plain judge says of each value, in any kind of file."""

import csv
import io
import json
from decimal import Decimal
from fractions import Fraction

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.cli.backfill import exact, tabular
from infra.cli.backfill.source_files import Source
from infra.cli.backfill.where import Where
from tests.examples import examples
from tests.infra.cli.backfill.tables import lined

NAMES = ("a", "b")
numbers = st.one_of(
    st.integers(-5, 5).map(str),
    st.sampled_from(["3.5", "4.0", "0.1", "0.29", "-0", "1e3", "1e-7"]),
    st.integers(2**53 - 2, 2**53 + 2).map(str),
    st.integers(10**18, 10**18 + 3).map(str),
    st.integers(10**30, 10**30 + 2).map(str),
    st.sampled_from(["0.1000000000000000000001", "4.00000000000000000001"]),
)
texts = st.sampled_from(["12", "0012", "4", "4.0", "x", "", "true", " 4 ", "1e1", "é"])


def plain_number(value):
    """Give a value as a number; None where it spells none."""
    return None if value is None else exact.value(value)


def holds(how, a, b):
    return {
        "=": a == b, "<>": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b
    }[how]  # fmt: skip


def judge(tree, row):
    """Tell whether a condition holds of a row of texts: True, False or None."""
    kind, *parts = tree
    if kind == "and":
        both = [judge(part, row) for part in parts]
        return False if False in both else None if None in both else True
    if kind == "or":
        both = [judge(part, row) for part in parts]
        return True if True in both else None if None in both else False
    if kind == "not":
        inner = judge(parts[0], row)
        return None if inner is None else not inner
    if kind == "null":
        return row[parts[0]] is None
    how, name, other = parts
    mine = row[name]
    if kind == "text":
        return None if mine is None else holds(how, mine.encode(), other.encode())
    if kind == "sum":
        one, two = (plain_number(row[each]) for each in NAMES)
        left = None if one is None or two is None else one * 2 - two
    else:
        left = plain_number(mine)
    return None if left is None else holds(how, left, Fraction(Decimal(other)))


def spelled(tree):
    kind, *parts = tree
    if kind in ("and", "or"):
        return f"({spelled(parts[0])} {kind.upper()} {spelled(parts[1])})"
    if kind == "not":
        return f"(NOT {spelled(parts[0])})"
    if kind == "null":
        return f"({parts[0]} IS NULL)"
    how, name, other = parts
    if kind == "text":
        return f"({name} {how} '{other}')"
    return f"({'a * 2 - b' if kind == 'sum' else name} {how} {other})"


hows = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
leaves = st.one_of(
    st.tuples(st.sampled_from(["number", "number", "sum"]), hows, st.sampled_from(NAMES), numbers),
    st.tuples(st.just("text"), hows, st.sampled_from(NAMES), texts),
    st.tuples(st.just("null"), st.sampled_from(NAMES)),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["and", "or"]), inner, inner), st.tuples(st.just("not"), inner)
    ),
    max_leaves=3,
)
cells = st.none() | numbers | texts.filter(bool)
rows = st.lists(st.tuples(cells, cells), min_size=1, max_size=8)


def kept_of_csv(condition, table, tmp_path):
    path = tmp_path / "x.csv"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("movie_id", *NAMES))
    for at, row in enumerate(table):
        writer.writerow((f"m{at}", *("" if cell is None else cell for cell in row)))
    path.write_text(text.getvalue())
    return films("csv", path, condition)


def kept_of_parquet(condition, table, tmp_path):
    path = tmp_path / "x.parquet"
    columns = {"movie_id": [f"m{at}" for at in range(len(table))]}
    for at, name in enumerate(NAMES):
        columns[name] = pa.array([row[at] for row in table], pa.string())
    pq.write_table(pa.table(columns), path)
    return films("parquet", path, condition)


def films(kind, path, condition):
    status = path.stat()
    version = f"{status.st_size}-{status.st_mtime_ns}"
    source = Source(str(path), kind, status.st_size, 0, version)
    lines = [
        line
        for chunk in lined(tabular.rows(source, path, {}, condition, "ms"))
        for line in chunk.data.splitlines()
    ]
    return [int(json.loads(line)["movie_id"][1:]) for line in lines]


@given(trees, rows)
@settings(max_examples=examples(25), deadline=None)
def test_lines_of_json_are_judged_as_they_stand(tree, table):
    lines = []
    for at, row in enumerate(table):
        told = [f'"movie_id":"m{at}"']
        for name, cell in zip(NAMES, row, strict=True):
            if cell is not None:
                is_number = exact.value(cell) is not None and cell.strip() == cell and at % 2
                told.append(f'"{name}":{cell if is_number else json.dumps(cell)}')
        lines.append(("{" + ",".join(told) + "}").encode())
    where = Where(spelled(tree), b'{"a":1,"b":1}')
    expected = [judge(tree, dict(zip(NAMES, row, strict=True))) is True for row in table]
    texts_of_numbers = any(
        at % 2 and cell and exact.value(cell) is not None and not _is_shortest(cell)
        for at, row in enumerate(table)
        for cell in row
    )
    if not texts_of_numbers:  # a number's text is its shortest
        assert where.keep(lines).to_pylist() == expected
        assert [where.keep([line]).to_pylist()[0] for line in lines] == expected


def _is_shortest(cell):
    return cell.lstrip("-").isdigit() and cell != "-0" or cell in ("3.5", "4.0", "0.1", "0.29")


@given(trees, rows)
@settings(max_examples=examples(20), deadline=None)
def test_rows_of_csv_and_parquet_are_judged_as_lines_of_json_are(tmp_path_factory, tree, table):
    folder = tmp_path_factory.mktemp("judged")
    condition = spelled(tree)
    expected = [
        at for at, row in enumerate(table) if judge(tree, dict(zip(NAMES, row, strict=True)))
    ]
    assert kept_of_csv(condition, table, folder) == expected
    assert kept_of_parquet(condition, table, folder) == expected


@pytest.mark.parametrize(
    ("condition", "line"),
    [
        ("a = 4.00000000000000000001", b'{"a":4.00000000000000000001}'),
        ("a > 4", b'{"a":4.00000000000000000001}'),
        ("a * 100 >= 29", b'{"a":0.29}'),
        ("a + 0.1 = 0.3", b'{"a":0.2}'),
        ("a IN (1234567890123456701, 7)", b'{"a":1234567890123456701}'),
        ("a BETWEEN 3.4 AND 3.5", b'{"a":3.5}'),
        ("a % 2 = 1", b'{"a":9007199254740993}'),
        ("a / 3 = 0.5", b'{"a":1.5}'),
        ("-a < 0", b'{"a":0.001}'),
        ("abs(a) = 3.5", b'{"a":-3.5}'),
        ("a > length('abc')", b'{"a":3.5}'),
        ("round(a) = 4", b'{"a":3.5}'),
        ("lower(a) = 'x'", b'{"a":"X"}'),
        ("len(a) = 2", b'{"a":["x,y","z"]}'),
        ("len(a) = 2", b'{"a":"xy"}'),
        ("'x' IN a", b'{"a":["x"]}'),
        ("len(list_filter(a, lambda x: x > 3)) = 1", b'{"a":[3.5,2,"x"]}'),
        ("a", b'{"a":true}'),
        ("a = true", b'{"a":true}'),
        ("a IS TRUE", b'{"a":true}'),
        ("a IS DISTINCT FROM 5", b'{"a":4}'),
        ("a >= DATE '2024-01-01'", b'{"a":"2024-01-02"}'),
        ("CASE WHEN a > 3 THEN a < 4 END", b'{"a":3.5}'),
        ("a LIKE '0%'", b'{"a":"012"}'),
        ("coalesce(a, 5) = 3.5", b'{"a":3.5}'),
    ],
)
def test_what_holds(condition, line):
    assert Where(condition, line).keep([line]).to_pylist() == [True]
    assert Where(f"NOT ({condition})", line).keep([line]).to_pylist() == [False]


@pytest.mark.parametrize(
    ("condition", "line"),
    [
        ("a = 12", b'{"a":"0012"}'),
        ("a = '0012'", b'{"a":12}'),
        ("a >= 4", b'{"a":3.5}'),
        ("a < 4", b'{"a":[1]}'),
        ("a >= DATE '2024-01-01'", b'{"a":"x"}'),
        ("a / 0 = 1", b'{"a":1}'),
        ("a <> 1234567890123456701", b'{"a":1234567890123456701}'),
        ("list_contains(a, 'y')", b'{"a":"y"}'),
    ],
)
def test_what_does_not_hold(condition, line):
    assert Where(condition, line).keep([line]).to_pylist() == [False]

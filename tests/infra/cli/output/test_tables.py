"""Rows and single results, as people and programs read them."""

import csv
import io
import json

import pytest

from infra.cli.output import tables

FIELDS = {"name": "a", "reasons": {"not_json": 2}, "gone": ["x", "y"], "kept": None}


def one(form, told="Two."):
    out = io.StringIO()
    tables.write_one(told, FIELDS, form, out)
    return out.getvalue()


def test_a_single_result_is_words_for_people_and_a_row_for_programs():
    assert (one("table"), one("table", "")) == ("Two.\n", "")
    assert json.loads(one("json")) == [FIELDS]
    [row] = csv.DictReader(io.StringIO(one("csv")))
    assert row == {"name": "a", "reasons": '{"not_json": 2}', "gone": "x y", "kept": ""}


@pytest.mark.parametrize("form", ["json", "csv"])
def test_what_goes_on_is_a_row_a_line_that_reads_as_it_comes(form):
    out = io.StringIO()
    for n in range(3):
        tables.write_next({"n": n, "text": "a\nb", "more": {}}, form, out, first=n == 0)
    if form == "json":
        rows = [json.loads(line) for line in out.getvalue().splitlines()]
        assert rows == [{"n": n, "text": "a\nb", "more": {}} for n in range(3)]
    else:
        rows = list(csv.DictReader(io.StringIO(out.getvalue())))
        assert rows == [{"n": str(n), "text": "a\nb", "more": "{}"} for n in range(3)]


def test_numbers_are_grouped_but_years_are_none():
    out = io.StringIO()
    tables.write(("year", "top_year", "likes"), [(1994, None, 1994)], "table", out)
    assert out.getvalue().splitlines()[-1].split() == ["1994", "1,994"]

"""The CSV files: every number, read back as any program reads them."""

import csv
import io
from datetime import datetime

from hypothesis import given, settings
from msgspec.structs import replace

from tests.transform.reports import example
from tests.transform.reports.made import reports
from transform.reports.csv_files import NAMES, tables


def read(text):
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@settings(max_examples=25)
@given(reports())
def test_any_report_can_be_read_back(report):
    files = tables(report)
    assert tuple(files) == NAMES
    top = read(files["top.csv"])
    assert [list(map(int, list(row.values())[6:])) for row in top] == [f.series for f in report.top]
    movers = read(files["movers.csv"])
    told = [(row["direction"], int(row["net_before"]), int(row["net"])) for row in movers]
    assert told == [
        (kind, film.net_before, film.net)
        for kind, films in (("rose", report.rose), ("fell", report.fell))
        for film in films
    ]
    hours = [int(row["likes"]) for row in read(files["hours.csv"])]
    assert hours == [likes for row in report.heat for likes in row.likes]
    rejected = [row for row in read(files["quality.csv"]) if row["measure"] == "rejected"]
    assert [int(row["value"]) for row in rejected] == [r.lines for r in report.quality.rejected]
    costs = [(int(row["bytes"]), float(row["dollars"])) for row in read(files["cost.csv"])]
    assert costs == [(cost.bytes, cost.dollars) for cost in report.costs]
    totals = {row["measure"]: row[report.period.name] for row in read(files["totals.csv"])}
    assert int(totals["net"]) == report.totals.net


@settings(max_examples=25)
@given(reports())
def test_no_text_is_a_formula_to_a_spreadsheet(report):
    for text in tables(report).values():
        for row in csv.reader(io.StringIO(text, newline=""), strict=True):
            for cell in row:
                assert not cell.startswith(
                    ("=", "+", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
                )
                assert not cell.startswith("-") or float(cell) <= 0


def test_an_id_like_a_formula_keeps_its_text_behind_an_apostrophe():
    [film, *_] = example.daily().top
    [row] = read(tables(replace(example.daily(), top=[replace(film, movie_id="-1")]))["top.csv"])
    assert row["movie_id"] == "'-1"


def test_lines_end_as_rfc_4180_says_and_times_are_iso_8601():
    files = tables(example.daily())
    for text in files.values():
        assert text.endswith("\r\n") and "\n" not in text.replace("\r\n", "")
    hours = read(files["hours.csv"])
    assert hours[0]["hour"] == "2026-01-25T00:00:00Z" and len(hours) == 7 * 24
    peak = read(files["movers.csv"])[0]["peak_hour"]
    assert datetime.fromisoformat(peak) == example.daily().rose[0].peak_hour


def test_what_is_unknown_is_empty():
    first = {row["measure"]: row["value"] for row in read(tables(example.empty())["quality.csv"])}
    assert first["newest_like"] == first["lag_p95_s"] == ""

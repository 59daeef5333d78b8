"""Trino's expressions have the values that Athena gives, or are refused."""

import re
from collections import Counter
from pathlib import Path

import pytest

from queries.engine.trino.functions import FUNCTIONS
from tests.queries import conformance
from tests.queries.conformance import FOLDER

FILES = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_value_is_wrong_and_few_are_refused(file: Path) -> None:
    found = conformance.outcomes(conformance.read([file]))
    counts = Counter(each.word for each in found)
    print(f"equal {counts['equal']}, refused {counts['refused']}, wrong {counts['wrong']}")
    assert [(each.row, each.got) for each in found if each.word == "wrong"] == []
    assert counts["refused"] <= 0.08 * len(found)


def test_each_function_that_is_known_is_in_the_suite() -> None:
    asked = " ".join(
        (row.get("query") or row["expression"]).lower() for row in conformance.read(FILES)
    )
    words = set(re.findall(r"\w+", asked))
    assert sorted(FUNCTIONS.keys() - words) == []


def test_what_was_wrong_once_is_told_by_the_runner(tmp_path: Path) -> None:
    file = tmp_path / "made_up.json"
    file.write_text('[{"expression": "1 + 1", "value": 3}, {"expression": "1", "value": 1}]')
    found = conformance.outcomes(conformance.read([file]))
    assert [each.word for each in found] == ["wrong", "equal"]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT round(1e300, 2)",
        "SELECT row(1e0) < row(nan())",
        "SELECT round(x, 2) FROM (VALUES 1e300) AS t (x)",
        "SELECT bitwise_left_shift(x, -1) FROM (VALUES 1) AS t (x)",
        "SELECT bitwise_right_shift(8, -1)",
        "SELECT approx_most_frequent(1, x, 2) FROM (VALUES 1, 2, 3, 3) AS t (x)",
        "SELECT TRY(round(x, 2)) FROM (VALUES 1e300) AS t (x)",
        "SELECT TRY(bitwise_left_shift(1, 2))",
        "SELECT CAST(JSON '1e309' AS boolean)",
        "SELECT CAST(JSON '0.1234567890123456789' AS decimal(38, 20))",
    ],
)
def test_a_value_whose_result_is_not_known_is_refused_not_an_error(query: str) -> None:
    [found] = conformance.outcomes([{"query": query, "value": None}])
    assert found.word == "refused", found.got

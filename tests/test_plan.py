"""The plan of event time holds, and the tests of the stage keep to it."""

import ast
from datetime import timedelta
from itertools import combinations
from pathlib import Path

import pytest

from tests import plan

STACK = sorted(Path(__file__).with_name("stack").rglob("*.py"))
CLOCKS = {("time", "time"), ("time", "time_ns"), ("datetime", "now"), ("date", "today")}


@pytest.mark.parametrize(
    "one, other", [*combinations([*plan.OWNED.items(), ("near", plan.NEAR)], 2)], ids=str
)
def test_no_day_belongs_to_two(one, other):
    """A whole day lies between, too: what looks back a day from the first finds nothing."""
    (_, a), (_, b) = sorted((one, other), key=lambda pair: pair[1].first)
    assert a.first <= a.last < b.first - timedelta(days=1) and b.first <= b.last


def test_every_day_is_one_that_a_table_may_have():
    assert all(days.first.year >= 2010 for days in plan.OWNED.values())


@pytest.mark.parametrize("path", STACK, ids=lambda path: path.stem)
def test_the_tests_of_the_stage_read_no_clock(path):
    """But the one that measures how long something takes."""
    assert len(STACK) > 10
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in CLOCKS, f"line {node.lineno}"

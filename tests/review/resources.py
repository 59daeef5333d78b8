"""What stands in a state that was really applied, against what the documents say of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def types(state: Mapping[str, Any]) -> set[str]:
    """Give the types of AWS's resources in a Terraform state (version 4)."""
    return {
        one["type"]
        for one in state["resources"]
        if one["mode"] == "managed" and one["type"].startswith("aws_")
    }


def untold(state: Mapping[str, Any]) -> Iterator[str]:
    """Give the types that no row of infra/README.md tells of."""
    readme = (ROOT / "infra/README.md").read_text("utf-8")
    section = readme.partition("## What each resource is set to")[2].partition("\n##")[0]
    told = set(re.findall(r"`(aws_\w+)`", section))
    yield from sorted(types(state) - told)


def unpaid(state: Mapping[str, Any]) -> Iterator[str]:
    """Tell of alarms, each of which costs by the month, that infra/costs.py does not count."""
    there = sum(
        len(one["instances"])
        for one in state["resources"]
        if one["type"] == "aws_cloudwatch_metric_alarm"
    )
    counted = re.search(r"^ALARMS, _METRICS = (\d+)", (ROOT / "infra/costs.py").read_text(), re.M)
    if counted is None or int(counted[1]) != there:
        yield f"there are {there}"

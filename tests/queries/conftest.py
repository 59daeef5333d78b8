"""A lake of its own for each test."""

from pathlib import Path

import pytest

from tests.queries.lake import Lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty lake in a folder."""
    return Lake(tmp_path)

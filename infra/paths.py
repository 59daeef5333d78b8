"""Where things lie on this machine: the repository, and the home of the local stage."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def home() -> Path:
    """Where the local stage keeps its things: `.lake` in the repository, or `LAKE_HOME`."""
    told = os.environ.get("LAKE_HOME")
    return Path(told).expanduser().resolve() if told else REPOSITORY / ".lake"

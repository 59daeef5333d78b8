"""A day of totals, as compaction writes it."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from transform.lake import totals

Hours = Mapping[int, Mapping[str, tuple[int, int]]]
"""Likes and unlikes by epoch hour and film."""


def encode(hours: Hours) -> bytes:
    """Give the file of a day."""
    rows = sorted(
        (film, hour, *pair) for hour, films in hours.items() for film, pair in films.items()
    )
    films, hour, likes, unlikes = zip(*rows, strict=True) if rows else [()] * 4
    columns = {
        "hour": np.array(hour, "datetime64[h]").astype("datetime64[ms]"),
        "movie_id": films,
        "likes": likes,
        "unlikes": unlikes,
        "backfilled": [0] * len(rows),
        "repeated": [0] * len(rows),
    }
    return totals.encode(pa.table(columns, totals.SCHEMA), "source")

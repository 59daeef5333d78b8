"""What the lake holds of a film."""

from collections.abc import Callable
from typing import Any

import pytest

import queries
from queries.engine.connection import Connection
from tests import plan


@pytest.fixture
def raw(connection: Connection) -> Callable[[str], list[dict[str, Any]]]:
    """Give the rows of `likes_raw` of the films whose ids begin so, in the order of their ids."""

    def rows(film: str) -> list[dict[str, Any]]:
        found = queries.run(
            "SELECT event_id, movie_id, place FROM likes_raw WHERE arrival_day >= :day "
            "AND movie_id LIKE :films ORDER BY event_id, place",
            connection=connection,
            day=str(plan.NEAR.first),
            films=f"{film}%",
        )
        told: list[dict[str, Any]] = found.to_dict("records")
        return told

    return rows


@pytest.fixture
def once(connection: Connection) -> Callable[[str], list[tuple[str, str]]]:
    """Give film and event id of each row of `likes` of the films whose ids begin so."""

    def rows(film: str) -> list[tuple[str, str]]:
        found = queries.run(
            "SELECT movie_id, event_id FROM likes WHERE day >= :day AND movie_id LIKE :films "
            "ORDER BY movie_id, event_id",
            connection=connection,
            day=str(plan.NEAR.first),
            films=f"{film}%",
        )
        return list(found.itertuples(index=False, name=None))

    return rows

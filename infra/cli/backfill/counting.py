"""The likes that a backfill brought, added to the exact counts once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

WRITERS = 16


class Counts:
    """The table of counts. A film's item remembers a backfill until all films are counted."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        """Take a client with room for `WRITERS` connections."""
        self._client, self._table = client, table

    def add(self, number: int, net: Mapping[str, int]) -> None:
        """Add net likes by film, unless those of this backfill are in already."""

        def update(film: str) -> None:
            # If it is refused, they were counted before a crash, or by a run beside this one.
            with suppress(self._client.exceptions.ConditionalCheckFailedException):
                self._client.update_item(
                    TableName=self._table,
                    Key={"movie_id": {"S": film}},
                    UpdateExpression="SET #memory = :net ADD likes :net",
                    ConditionExpression="attribute_not_exists(#memory)",
                    ExpressionAttributeNames={"#memory": memory_name(number)},
                    ExpressionAttributeValues={":net": {"N": str(net[film])}},
                )

        _each(update, [film for film, likes in net.items() if likes])

    def forget(self, number: int, films: Iterable[str]) -> None:
        """Remove what the films remember of a backfill that is counted whole."""

        def update(film: str) -> None:
            self._client.update_item(
                TableName=self._table,
                Key={"movie_id": {"S": film}},
                UpdateExpression="REMOVE #memory",
                ExpressionAttributeNames={"#memory": memory_name(number)},
            )

        _each(update, films)


def memory_name(number: int) -> str:
    """Give the attribute that remembers a backfill."""
    return f"backfill-{number}"


def _each(update: Callable[[str], None], films: Iterable[str]) -> None:
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(update, films))

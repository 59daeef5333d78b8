"""The leaderboards in the table of trends: an item each, so whoever reads one reads it whole."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from transform.trends import scoring
from transform.trends.leaderboards import Entry

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class Leaderboards:
    """The table, by name, and the client to reach it. What a service raises is raised."""

    client: "DynamoDBClient"
    table: str

    def ranks(self, window: str, as_of: int) -> dict[str, int]:
        """Give the ranks that films had on the leaderboard before the one of this time."""
        answer = self.client.get_item(
            TableName=self.table,
            Key={"pk": {"S": "leaderboard"}, "sk": {"S": window}},
            ConsistentRead=True,
        )
        if "Item" not in answer:
            return {}
        films = msgspec.json.decode(bytes(answer["Item"]["films"]["B"]), type=list[Entry])
        if int(answer["Item"]["as_of"]["N"]) < as_of:
            return scoring.ranks(films)
        return {film.movie_id: film.previous_rank for film in films if film.previous_rank}

    def put(self, window: str, as_of: int, films: list[Entry]) -> bool:
        """Replace the leaderboard; gives whether it was, as a newer one stays."""
        try:
            self.client.put_item(
                TableName=self.table,
                Item={
                    "pk": {"S": "leaderboard"},
                    "sk": {"S": window},
                    "as_of": {"N": str(as_of)},
                    "films": {"B": msgspec.json.encode(films)},
                },
                ConditionExpression="attribute_not_exists(pk) OR as_of <= :as_of",
                ExpressionAttributeValues={":as_of": {"N": str(as_of)}},
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True

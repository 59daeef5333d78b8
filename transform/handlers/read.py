"""ReadLikes: answers how many likes films have."""

import os
import time
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from transform import likes
from transform.handlers import http
from transform.likes import InvalidLike

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

COUNTS_TABLE = "COUNTS_TABLE"

MAX_MOVIES = 100
"""Films a request may name: what one BatchGetItem takes (DynamoDB quotas)."""
ATTEMPTS = 5

logger = Logger()
metrics = Metrics()


@cache
def _dynamodb() -> "DynamoDBClient":
    return boto3.client(
        "dynamodb",
        config=Config(
            connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 4}
        ),
    )


class _Throttled(Exception):
    """DynamoDB left keys unread however often it was asked."""


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer an API Gateway proxy event."""
    if event["httpMethod"] == "OPTIONS":
        return http.preflight("GET")
    response: dict[str, Any] = answer(event, context)
    return response


@metrics.log_metrics
def answer(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer for one film by path, or for up to 100 by query."""
    path = event.get("pathParameters") or {}
    query = event.get("queryStringParameters") or {}
    try:
        if "movie_id" in path:
            named = [likes.movie_id(path["movie_id"])]
        else:
            named = _named(query.get("movie_ids") or "")
        found = _likes(named)
    except InvalidLike as invalid:
        metrics.add_metric("RequestsRefused", MetricUnit.Count, 1)
        return http.error(400, invalid.reason, invalid.detail)
    except (BotoCoreError, ClientError, _Throttled):
        logger.exception("The counts could not be read")
        metrics.add_metric("RequestsUnavailable", MetricUnit.Count, 1)
        return http.unavailable("The counts cannot be read just now; ask again.")
    metrics.add_metric("MoviesRead", MetricUnit.Count, len(named))
    answers = [{"movie_id": name, "likes": found[name]} for name in named]
    return http.response(200, answers[0] if "movie_id" in path else {"likes": answers})


def _named(text: str) -> list[str]:
    """Give the films named, once each, in their order."""
    named = list(dict.fromkeys(likes.movie_id(name) for name in text.split(",")))
    if len(named) > MAX_MOVIES:
        raise InvalidLike(
            "too_many", f"Ask for at most {MAX_MOVIES} films; these are {len(named)}."
        )
    return named


def _likes(movie_ids: list[str]) -> dict[str, int]:
    """Give the likes of each film, 0 for one never liked."""
    table = os.environ[COUNTS_TABLE]
    found = dict.fromkeys(movie_ids, 0)
    unread: Any = {
        table: {
            "Keys": [{"movie_id": {"S": movie_id}} for movie_id in movie_ids],
            "ProjectionExpression": "movie_id, likes",
        }
    }
    for attempt in range(ATTEMPTS):
        page = _dynamodb().batch_get_item(RequestItems=unread)
        for item in page["Responses"].get(table, []):
            found[item["movie_id"]["S"]] = int(item["likes"]["N"])
        unread = page.get("UnprocessedKeys")
        if not unread:
            return found
        time.sleep(0.05 * 2**attempt)
    raise _Throttled

"""ReadLikes: answers how many likes films have, and which films rise."""

import os
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import msgspec
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import BotoCoreError, ClientError

from transform.aws import clients, http_answers, metering
from transform.event import movie_ids
from transform.event.invalid import InvalidLike
from transform.trends.leaderboards import WINDOWS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CORS_ORIGINS = "CORS_ORIGINS"
COUNTS_TABLE = "COUNTS_TABLE"
TRENDS_TABLE = "TRENDS_TABLE"

TRENDS = "/trends"
MAX_MOVIES = 100
"""Films a request may name: what one BatchGetItem takes (DynamoDB quotas)."""
ATTEMPTS = 5
MAX_AGE_S = 5
"""How long a cache may keep the trends: boards are made each minute, so they age little by it, and
however many pages show them, each cache asks 12 times a minute."""

_LIMIT = re.compile(r"[1-9][0-9]?|100")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

logger = Logger()
metrics = metering.metrics()


@cache
def _dynamodb() -> "DynamoDBClient":
    return boto3.client(
        "dynamodb",
        config=clients.config(3, attempts=4),
    )


class _Throttled(Exception):
    """DynamoDB left keys unread however often it was asked."""


class _BadQuestion(ValueError):
    """A question that can never be answered: a machine-readable reason, and a sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer an API Gateway proxy event."""
    response: dict[str, Any] = (
        http_answers.preflight("GET", "Content-Type, If-None-Match")
        if event["httpMethod"] == "OPTIONS"
        else _answer(event, context)
    )
    return http_answers.for_origin(event, response, os.environ.get(CORS_ORIGINS, "*"))


@metrics.log_metrics
def _answer(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer with the trends, or the likes of one film by path or of up to 100 by query."""
    trends = event["resource"] == TRENDS
    try:
        return _trends(event) if trends else _counts(event)
    except (InvalidLike, _BadQuestion) as invalid:
        metrics.add_metric("RequestsRefused", MetricUnit.Count, 1)
        return http_answers.error(400, invalid.reason, invalid.detail)
    except (BotoCoreError, ClientError, _Throttled):
        asked = "trends" if trends else "counts"
        logger.exception(f"The {asked} could not be read")
        metrics.add_metric("RequestsUnavailable", MetricUnit.Count, 1)
        return http_answers.unavailable(f"The {asked} cannot be read just now; ask again.")


def _counts(event: Mapping[str, Any]) -> dict[str, Any]:
    path = event.get("pathParameters") or {}
    query = event.get("queryStringParameters") or {}
    if "movie_id" in path:
        named = [movie_ids.parse(path["movie_id"])]
    else:
        named = _named(query.get("movie_ids") or "")
    found = _likes(named)
    metrics.add_metric("MoviesRead", MetricUnit.Count, len(named))
    answers = [{"movie_id": name, "likes": found[name]} for name in named]
    return http_answers.response(200, answers[0] if "movie_id" in path else {"likes": answers})


def _named(text: str) -> list[str]:
    """Give the films named, once each, in their order."""
    named = list(dict.fromkeys(movie_ids.parse(name) for name in text.split(",")))
    if len(named) > MAX_MOVIES:
        raise _BadQuestion(
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


def _trends(event: Mapping[str, Any]) -> dict[str, Any]:
    """Give the first films of a window's leaderboard; of none, and no time, before the first."""
    query = event.get("queryStringParameters") or {}
    window, limit = query.get("window", "1h"), query.get("limit", "20")
    if window not in WINDOWS:
        raise _BadQuestion("bad_window", f"The window is one of {', '.join(WINDOWS)}.")
    if not _LIMIT.fullmatch(limit):
        raise _BadQuestion("bad_limit", "The limit is a whole number from 1 to 100.")
    as_of, films = _leaderboard(window)
    metrics.add_metric("TrendsRead", MetricUnit.Count, 1)
    body = {"window": window, "as_of": as_of, "trends": films[: int(limit)]}
    return http_answers.cached(event, body, MAX_AGE_S)


def _leaderboard(window: str) -> tuple[str | None, list[msgspec.Raw]]:
    """Give the time of a leaderboard and its films: one item, so both are of the same ranking."""
    read = _dynamodb().get_item(
        TableName=os.environ[TRENDS_TABLE],
        Key={"pk": {"S": "leaderboard"}, "sk": {"S": window}},
    )
    item = read.get("Item")
    if item is None:
        return None, []
    as_of = _EPOCH + timedelta(milliseconds=int(item["as_of"]["N"]))
    films = msgspec.json.decode(item["films"]["B"], type=list[msgspec.Raw])
    return as_of.isoformat(timespec="milliseconds").replace("+00:00", "Z"), films

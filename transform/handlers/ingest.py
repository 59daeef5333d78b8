"""IngestLike: takes likes from the HTTP API or the event bus and puts them on the stream."""

import base64
import binascii
import os
import time
from datetime import datetime
from functools import cache, partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import boto3
import msgspec
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import BotoCoreError, ClientError

from transform.aws import clients, http_answers, http_bodies, metering
from transform.event import likes, stream_records
from transform.event.event_ids import derived, time_ordered
from transform.event.invalid import InvalidLike
from transform.event.likes import Like

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

CORS_ORIGINS = "CORS_ORIGINS"
STREAM_NAME = "STREAM_NAME"
USER_CLAIM = "USER_CLAIM"

MAX_LIKES = 500
"""Likes a request may hold."""
IDEMPOTENCY_KEY = "Idempotency-Key"
MAX_KEY = 255
"""Characters of such a key."""

logger = Logger()
metrics = metering.metrics()

_split = msgspec.json.Decoder(list[msgspec.Raw]).decode


@cache
def _kinesis() -> "KinesisClient":
    """Make the client; three attempts of 9 s at most end within API Gateway's 29 s.

    An answer is waited for long: trying again what the stream did take puts it there twice.
    """
    return boto3.client(
        "kinesis",
        config=clients.config(8, attempts=3, tcp_keepalive=True),
    )


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """Answer an API Gateway proxy event, or take an event from the bus."""
    if "httpMethod" not in event:
        _take(event, context)
        return None
    headers = f"Content-Type, Content-Encoding, {IDEMPOTENCY_KEY}, Authorization, X-Api-Key"
    response: dict[str, Any] = (
        http_answers.preflight("POST, GET", headers)
        if event["httpMethod"] == "OPTIONS"
        else _answer(event, context)
    )
    return http_answers.for_origin(event, response, os.environ.get(CORS_ORIGINS, "*"))


@metrics.log_metrics
def _answer(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Accept every like of a POST, or none of them and say why."""
    arrived_at = time.time_ns() // 1_000_000
    try:
        payloads = _payloads(event)
        parsed = _signed(event, _parse(payloads, arrived_at, _idempotency_key(event)))
        batch, repeated = _once(parsed)
        record = stream_records.encode(batch)
        if len(record) > stream_records.MAX_RECORD_BYTES:
            raise _too_large(len(record))
    except _Refused as refused:
        metrics.add_metric("RequestsRefused", MetricUnit.Count, 1)
        logger.info("Refused", status=refused.status, reason=refused.body["error"])
        return http_answers.response(refused.status, refused.body)

    event_ids = [like.event_id for like in parsed]
    logger.append_keys(correlation_id=event_ids[0])
    try:
        _put(record, event_ids[0])
    except (BotoCoreError, ClientError):
        logger.exception("The stream refused the record")
        metrics.add_metric("LikesUnavailable", MetricUnit.Count, len(batch))
        return http_answers.unavailable(
            "The likes were not taken; send them again, with the same event ids.",
            event_ids=event_ids,
        )
    metrics.add_metric("LikesAccepted", MetricUnit.Count, len(batch))
    logger.info("Accepted", accepted=len(batch))
    body: dict[str, object] = {"accepted": len(batch), "event_ids": event_ids}
    if repeated:
        body["repeated"] = repeated
    return http_answers.response(202, body, {"X-Correlation-Id": event_ids[0]})


@metrics.log_metrics
def _take(event: dict[str, Any], context: Any) -> None:
    """Put what a bus event tells on the stream; what is no like goes as it is, to be rejected.

    The event's own id and time stand for a missing event id and time of the like, so that a
    second delivery is the same like. Raises what the stream raises, for Lambda to try again.
    """
    payload = msgspec.json.encode(event.get("detail"))
    arrived_at = round(datetime.fromisoformat(event["time"]).timestamp() * 1000)
    try:
        like = likes.parse(payload, arrived_at, lambda: str(event["id"]))
    except InvalidLike as invalid:
        logger.warning("No like", reason=invalid.reason, correlation_id=event["id"])
        _put(payload, event["id"])
        metrics.add_metric("RequestsRefused", MetricUnit.Count, 1)
        return
    logger.append_keys(correlation_id=like.event_id)
    _put(likes.line(like), like.event_id)
    metrics.add_metric("LikesAccepted", MetricUnit.Count, 1)
    logger.info("Accepted", accepted=1)


class _Refused(Exception):
    """A request that is not accepted, with its answer."""

    def __init__(self, status: int, error: str, message: str, **more: object) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": error, "message": message, **more}


def _payloads(event: dict[str, Any]) -> list[bytes]:
    """Give the JSON text of each like in a request; raises `_Refused` where it holds none."""
    content_type = http_answers.header(event, "content-type").partition(";")[0].strip().lower()
    if content_type and content_type != "application/json" and not content_type.endswith("+json"):
        raise _Refused(
            400, "bad_content_type", f"Send Content-Type: application/json, not {content_type}."
        )
    body = _body(event)
    if len(body) > stream_records.MAX_RECORD_BYTES:
        raise _too_large(len(body))
    if not body.lstrip().startswith(b"["):
        return [body]
    try:
        items = _split(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _Refused(400, "not_json", f"The body is no JSON in UTF-8: {error}.") from None
    if not items:
        raise _Refused(400, "empty", "The array is empty; send at least one like.")
    if len(items) > MAX_LIKES:
        raise _Refused(
            413, "too_many", f"A request holds at most {MAX_LIKES} likes; this has {len(items)}."
        )
    return [bytes(item) for item in items]


def _idempotency_key(event: dict[str, Any]) -> str:
    """Give the key by which a client repeats a request, quoted or not; an empty text for none.

    draft-ietf-httpapi-idempotency-key-header, section 2.1, has it as a string in quotes.
    """
    key = http_answers.header(event, IDEMPOTENCY_KEY.lower()).strip()
    bare = key[1:-1] if len(key) > 1 and key[0] == key[-1] == '"' else key
    if key and not (0 < len(bare) <= MAX_KEY and bare.isascii() and bare.isprintable()):
        raise _Refused(
            400,
            "bad_idempotency_key",
            f"{IDEMPOTENCY_KEY} is 1 to {MAX_KEY} visible characters of ASCII.",
        )
    return bare


def _keyed(key: str, index: int, payload: bytes) -> str:
    """Give the event id of a like without one, the same whenever the request comes again.

    Its payload is part of it: a key that is used again for something else loses no like.
    """
    return derived(0, f"{key}\n{index}\n{sha256(payload).hexdigest()}")


def _body(event: dict[str, Any]) -> bytes:
    body: str = event.get("body") or ""
    # Lone surrogates become bytes that are no UTF-8, which the parser then says.
    content = body.encode("utf-8", "surrogatepass")
    if event.get("isBase64Encoded"):
        try:
            content = base64.b64decode(content, validate=True)
        except binascii.Error:
            raise _Refused(400, "not_base64", "The body is marked as Base64 and is none.") from None
    content = _unpacked(content, http_answers.header(event, "content-encoding"))
    if not content.strip():
        raise _Refused(400, "empty", "The body is empty; send a like as a JSON object.")
    return content


def _unpacked(content: bytes, codings: str) -> bytes:
    try:
        return http_bodies.unpack(content, codings, stream_records.MAX_RECORD_BYTES)
    except http_bodies.UnknownCoding as unknown:
        raise _Refused(
            415,
            "bad_content_encoding",
            f"Send the body plain, or as gzip or deflate, not as {unknown}.",
        ) from None
    except http_bodies.Corrupt as corrupt:
        raise _Refused(
            400, "bad_content_encoding", f"The body is marked as {corrupt} and is none."
        ) from None
    except http_bodies.TooLarge:
        raise _Refused(
            413,
            "too_large",
            f"A request holds at most {stream_records.MAX_RECORD_BYTES} bytes once unpacked.",
        ) from None


def _parse(payloads: list[bytes], arrived_at: int, key: str) -> list[Like]:
    make_id = partial(time_ordered, arrived_at)
    batch, errors = [], []
    for index, payload in enumerate(payloads):
        if key:
            make_id = partial(_keyed, key, index, payload)
        try:
            batch.append(likes.parse(payload, arrived_at, make_id))
        except InvalidLike as invalid:
            errors.append({"index": index, "reason": invalid.reason, "detail": invalid.detail})
    if errors:
        message = f"{len(errors)} of {len(payloads)} likes are invalid; none was accepted."
        raise _Refused(400, "invalid_likes", message, errors=errors)
    return batch


def _once(batch: list[Like]) -> tuple[list[Like], list[int]]:
    """Give each event id's first like, and the indexes of those that name one named before."""
    first: dict[str, Like] = {}
    repeated = []
    for index, like in enumerate(batch):
        if first.setdefault(like.event_id, like) is not like:
            repeated.append(index)
    return list(first.values()), repeated


def _signed(event: dict[str, Any], batch: list[Like]) -> list[Like]:
    """Put the user whose token it is in the place of whatever the likes say, where one is needed.

    API Gateway has checked the token, and tells what is in it.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-enable-cognito-user-pool.html
    """
    claim = os.environ.get(USER_CLAIM)
    if not claim:
        return batch
    authorizer = event.get("requestContext", {}).get("authorizer") or {}
    user = str((authorizer.get("claims") or {}).get(claim, ""))
    if not 0 < len(user) <= likes.MAX_CHARACTERS["user_id"]:
        raise _Refused(401, "no_user", f"The token names no user in its claim {claim}.")
    return [msgspec.structs.replace(like, user_id=user) for like in batch]


def _too_large(size: int) -> _Refused:
    return _Refused(
        413,
        "too_large",
        f"A request holds at most {stream_records.MAX_RECORD_BYTES} bytes; this has {size}.",
    )


def _put(record: bytes, partition_key: str) -> None:
    _kinesis().put_record(
        StreamName=os.environ[STREAM_NAME], Data=record, PartitionKey=partition_key
    )

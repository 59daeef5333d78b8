"""Archive: time a like for a Firehose event of 1,000 records."""

import base64
import json
import random
import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from aws_lambda_powertools.utilities.data_classes import KinesisFirehoseEvent
from aws_lambda_powertools.utilities.data_classes.kinesis_firehose_event import (
    KinesisFirehoseDataTransformationRecord,
    KinesisFirehoseDataTransformationResponse,
)
from aws_lambda_powertools.utilities.parser import BaseModel, parse
from aws_lambda_powertools.utilities.serialization import base64_from_json
from pydantic import Field, PlainSerializer

from tests import aws
from tests.bench.measure import Comparison, at_least, at_most, best_seconds
from transform.event import stream_records
from transform.lake import archive

RECORDS = 1_000
NOW = 1_780_000_000_000


def event() -> dict[str, Any]:
    """Give a transformation event of likes as IngestLike writes them."""
    chance = random.Random(1)
    films = [f"tt{chance.randrange(10**7):07}" for _ in range(300)]
    payloads = [
        msgspec.json.encode(
            {
                "event_id": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
                "movie_id": chance.choice(films),
                "action": "like",
                "liked_at": NOW - chance.randrange(60_000),
                "user_id": f"user-{chance.randrange(10**6)}",
                "source": "web",
            }
        )
        for _ in range(RECORDS)
    ]
    return aws.firehose(payloads, NOW)


def product(event: dict[str, Any]) -> Any:
    """Do what the function does between the event and its response."""
    archived = archive.transform(stream_records.from_firehose(event))
    assert archived.likes == RECORDS
    return msgspec.to_builtins({"records": archived.outcomes})


class _Typed(msgspec.Struct, gc=False):
    event_id: str
    movie_id: str
    action: Literal["like", "unlike"]
    liked_at: int
    user_id: str | None = None
    source: str | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Typed).decode


def floor(event: dict[str, Any]) -> Any:
    """Do Base64 and msgspec's decode and encode (typed, its fastest) of the same bytes alone."""
    return {
        "records": [
            {
                "recordId": record["recordId"],
                "result": "Ok",
                "data": base64.b64encode(
                    _encode(_decode(base64.b64decode(record["data"])))
                ).decode(),
            }
            for record in event["records"]
        ]
    }


def blueprint(event: dict[str, Any]) -> Any:
    """Do what the usual blueprint does: `json.loads`, `json.dumps`, no rule checked."""
    output = []
    for record in event["records"]:
        payload = json.loads(base64.b64decode(record["data"]).decode("utf-8"))
        data = base64.b64encode((json.dumps(payload) + "\n").encode("utf-8")).decode("utf-8")
        output.append({"recordId": record["recordId"], "result": "Ok", "data": data})
    return {"records": output}


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


class _Model(BaseModel):
    event_id: str = Field(min_length=1, max_length=64)
    movie_id: str = Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$")
    action: Literal["like", "unlike"]
    liked_at: Annotated[datetime, PlainSerializer(_text)]
    received_at: Annotated[datetime, PlainSerializer(_text)]
    user_id: str | None = Field(None, min_length=1, max_length=128)
    source: str | None = Field(None, min_length=1, max_length=32)
    place: str


def powertools(event: dict[str, Any]) -> Any:
    """Make the same rows as its documentation shows: data classes, and its pydantic parser."""
    result = KinesisFirehoseDataTransformationResponse()
    for record in KinesisFirehoseEvent(event).records:
        told = record.metadata
        arrival = {
            "received_at": told.approximate_arrival_timestamp,
            "place": f"{told.shard_id}/{told.sequence_number}/0",
        }
        row = parse(event=record.data_as_json | arrival, model=_Model)
        transformed = KinesisFirehoseDataTransformationRecord(
            record_id=record.record_id,
            data=base64_from_json(row.model_dump(mode="json")),
        )
        result.add_record(transformed)
    return result.asdict()


def _rows(response: Any) -> list[Any]:
    return [json.loads(base64.b64decode(record["data"])) for record in response["records"]]


def run() -> list[Comparison]:
    """Measure them all on the same event."""
    given = event()
    contenders = (product, floor, blueprint, powertools)
    assert _rows(product(given)) == _rows(powertools(given))
    assert _rows(floor(given)) == _rows(blueprint(given))
    best = best_seconds({one.__name__: lambda one=one: one(given) for one in contenders})
    ours, *theirs = (best[one.__name__] / RECORDS for one in contenders)
    what = "archive, a like"
    return [
        at_most(what, ours, "floor: Base64 and msgspec alone", theirs[0], 2.0),
        at_least(what, ours, "blueprint: json.loads, json.dumps", theirs[1], 3),
        at_least(what, ours, "Powertools data class, pydantic parser", theirs[2], 8),
    ]

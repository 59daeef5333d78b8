"""Objects below `errors/` as Firehose writes them, line by line."""

import base64
import json
from typing import Any


def failed(data: bytes, taken_at: int, **more: Any) -> bytes:
    """Give the line for a record that the function did not process, as found on AWS."""
    told = {
        "attemptsMade": 4,
        "arrivalTimestamp": taken_at,
        "errorCode": "Lambda.FunctionError",
        "errorMessage": "The Lambda function was successfully invoked but it returned an error.",
        "attemptEndingTimestamp": taken_at + 80_000,
        "rawData": base64.b64encode(data).decode(),
        "lambdaArn": "arn:aws:lambda:us-east-1:123456789012:function:ArchiveLikes-prod:$LATEST",
    }
    return json.dumps(told | more).encode() + b"\n"


def unconverted(rows: bytes, taken_at: int) -> bytes:
    """Give the line for rows that could not become Parquet."""
    told = {
        "attemptsMade": 1,
        "arrivalTimestamp": taken_at,
        "ErrorCode": "DataFormatConversion.MalformedData",
        "ErrorMessage": "Data does not match the schema.",
        "attemptEndingTimestamp": taken_at + 1,
        "rawData": base64.b64encode(rows).decode(),
        "sequenceNumber": "49590338271490256608559692538361571095921575989136588898",
        "subSequenceNumber": 0,
        "dataCatalogTable": {"databaseName": "movie_likes_prod", "tableName": "likes_raw"},
    }
    return json.dumps(told).encode() + b"\n"

"""Why a query failed, in the words that Athena has for it."""

from __future__ import annotations

import re

from botocore.exceptions import ClientError

from queries.engine.errors import BadSQL, QueryError

# By how the engine's sentence begins: the name of Trino's error (StandardErrorCode.java).
_CODES = (
    ("There is no table or alias", "COLUMN_NOT_FOUND"),
    ("There is no table function", "FUNCTION_NOT_FOUND"),
    ("There is no table", "TABLE_NOT_FOUND"),
    ("There is no column", "COLUMN_NOT_FOUND"),
    ("There is no", "FUNCTION_NOT_FOUND"),
    ("Syntax error", "SYNTAX_ERROR"),
    ("The SQL cannot be read", "SYNTAX_ERROR"),
)
_DENIED = re.compile(r"access.?denied|forbidden|\b403\b", re.IGNORECASE)


class Failure(Exception):
    """A query that has no result; the message is the reason that Athena tells."""

    scanned = 0
    cancelled = False


class OverLimit(Failure):
    """A query that would scan more than its workgroup allows, which Athena cancels."""

    cancelled = True

    def __init__(self, most_bytes: int) -> None:
        super().__init__("Bytes scanned limit was exceeded")
        self.scanned = most_bytes  # what it had read when it was ended, and so is billed


class Stopped(Failure):
    """A query that was stopped."""

    cancelled = True

    def __init__(self) -> None:
        super().__init__("Query cancelled by user")


def of_engine(error: QueryError) -> Failure:
    """What the engine says: `CODE: line 1:8: sentence`."""
    sentence = error.sentence
    if isinstance(error, BadSQL):
        known = (code for start, code in _CODES if sentence.startswith(start))
        code = next(known, "NOT_SUPPORTED")
    else:
        code = "PERMISSION_DENIED" if _DENIED.search(sentence) else "GENERIC_INTERNAL_ERROR"
    place = "" if error.line is None else f"line {error.line}:{error.column}: "
    return Failure(f"{code}: {place}{sentence}")


def of_catalog(error: ClientError) -> Failure:
    """What the catalog says, for instance to a caller who may not read it."""
    told = error.response["Error"]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    return Failure(
        f"{told.get('Message')} (Service: AmazonDataCatalog; Status Code: {status}; "
        f"Error Code: {told.get('Code')})"
    )


def of_output(error: ClientError, address: str) -> Failure:
    """What S3 says where a result was to be written."""
    if error.response["Error"].get("Code") in ("AccessDenied", "403"):
        return Failure(
            f"Access denied when writing output to url: {address} . Please ensure you are "
            "allowed to access the S3 bucket."
        )
    return Failure(f"The result cannot be written to {address}: {error}")

"""An in-memory stand-in for the table that trends rest on, and calls that may fail.

Each call may be made to fail before it does anything, or after it did it, as networks do.
"""

import copy
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from tests.fakes import refusal


class Outage(Exception):
    """A service that did not answer."""


class Faults:
    """Decides, call by call, whether it fails."""

    def __init__(self) -> None:
        self.chance: Any = None
        self.share = 0.0

    def before(self) -> None:
        """Fail, perhaps, with nothing done."""
        if self.chance and self.chance.random() < self.share / 2:
            raise Outage

    after = before


class _Refused(ClientError):
    pass


class _Cancelled(ClientError):
    pass


class Table:
    """Items by pk and sk, as the boto3 client shows them, for the conditions that we state."""

    exceptions = SimpleNamespace(
        ConditionalCheckFailedException=_Refused, TransactionCanceledException=_Cancelled
    )

    def __init__(self, faults: Faults | None = None) -> None:
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.faults = faults or Faults()
        self.units = 0
        self.hidden: set[tuple[str, str]] = set()
        """Keys of items that a query does not see yet."""

    def put_item(self, **put: Any) -> None:
        """Put an item on its condition."""
        self.faults.before()
        if not self._holds(put):
            raise _Refused(refusal("ConditionalCheckFailedException").response, "PutItem")
        self._put(put)
        self.faults.after()

    def transact_write_items(self, TransactItems: list[dict[str, Any]]) -> None:
        """Put all items or none."""
        self.faults.before()
        puts = [item["Put"] for item in TransactItems]
        size = sum(_size(put["Item"]) for put in puts)
        assert len(puts) <= 100 and size <= 4_194_304, "too large for a transaction"
        reasons = []
        for put in puts:
            if self._holds(put):
                reasons.append({"Code": "None"})
            else:
                reason: dict[str, Any] = {"Code": "ConditionalCheckFailed"}
                stands = self.items.get(_key(put["Item"]))
                if stands and put.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD":
                    reason["Item"] = copy.deepcopy(stands)
                reasons.append(reason)
        if any(reason["Code"] != "None" for reason in reasons):
            response: Any = refusal("TransactionCanceledException").response
            raise _Cancelled(response | {"CancellationReasons": reasons}, "TransactWriteItems")
        for put in puts:
            self._put(put, 2)
        self.faults.after()

    def get_item(self, Key: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Get an item, if it is there."""
        self.faults.before()
        item = self.items.get(_key(Key))
        return {"Item": copy.deepcopy(item)} if item else {}

    def get_paginator(self, operation: str) -> Any:
        """Query, two items a page."""
        assert operation == "query"
        return SimpleNamespace(paginate=self._pages)

    def _pages(self, ExpressionAttributeValues: Any, **_: Any) -> Iterator[dict[str, Any]]:
        pk, after = (value["S"] for value in ExpressionAttributeValues.values())
        keys = sorted(key for key in self.items if key[0] == pk and key[1] > after)
        seen = [copy.deepcopy(self.items[key]) for key in keys if key not in self.hidden]
        for first in range(0, len(seen), 2) or [0]:
            self.faults.before()
            yield {"Items": seen[first : first + 2]}

    def _put(self, put: dict[str, Any], cost: int = 1) -> None:
        item = copy.deepcopy(put["Item"])
        size = _size(item)
        assert size <= 400 * 1024, "too large for an item"
        self.units += cost * -(-size // 1024)
        self.items[_key(item)] = item

    def _holds(self, put: dict[str, Any]) -> bool:
        item = self.items.get(_key(put["Item"]))
        values = put.get("ExpressionAttributeValues", {})
        match put.get("ConditionExpression"):
            case None:
                return True
            case "attribute_not_exists(pk)":
                return item is None
            case "sequence_number = :after":
                return item is not None and item["sequence_number"] == values[":after"]
            case "attribute_not_exists(pk) OR sequence_number < :sequence":
                return item is None or item["sequence_number"]["S"] < values[":sequence"]["S"]
            case "attribute_not_exists(pk) OR as_of <= :as_of":
                return item is None or int(item["as_of"]["N"]) <= int(values[":as_of"]["N"])
            case other:
                raise AssertionError(other)


def _key(item: dict[str, Any]) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _size(item: dict[str, Any]) -> int:
    """Bytes of an item as DynamoDB counts them: names, and values (Amazon DynamoDB pricing)."""
    return sum(len(name) + len(next(iter(value.values()))) for name, value in item.items())

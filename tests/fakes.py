"""In-memory stand-ins for the services, with the semantics that the handlers rest on."""

import copy
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from transform.counts.streamed import Update


def refusal(code: str) -> ClientError:
    """Give the error that a service answers with."""
    return ClientError({"Error": {"Code": code, "Message": f"{code}."}}, "Operation")


class Counts:
    """The table of counts as `counts.apply` sees it: one conditional update at a time."""

    def __init__(self) -> None:
        self.likes: dict[str, int] = {}
        self.memories: dict[tuple[str, str], bytes] = {}
        self.writes = 0

    def write(self, update: Update) -> bytes | None:
        """Make the update, or give the memory that forbids it."""
        self.writes += 1
        place = (update.movie_id, update.memory)
        memory = self.memories.get(place)
        if memory is not None and not memory < update.first:
            return memory
        self.memories[place] = update.last
        self.likes[update.movie_id] = self.likes.get(update.movie_id, 0) + update.net
        return None


class _ConditionalCheckFailedException(ClientError):
    pass


class DynamoDB:
    """A table of counts as the boto3 client shows it, for the three updates and one read we make,
    and one of trends, by `pk` and `sk`, for the read of an item.

    `fate` sees each call of counts twice, and may fail it, or act as somebody else.
    """

    exceptions = SimpleNamespace(ConditionalCheckFailedException=_ConditionalCheckFailedException)

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.trends: dict[tuple[str, str], dict[str, Any]] = {}
        self.faults: list[Exception | None] = []
        self.unprocessed = 0
        self.updates = 0
        self.reads = 0
        self.fate: Callable[[str, str], None] = lambda call, table: None
        self.lock = threading.RLock()

    def likes(self) -> dict[str, int]:
        """Give the likes of every film."""
        return {name: int(item["likes"]["N"]) for name, item in self.items.items()}

    def update_item(self, **request: Any) -> dict[str, Any]:
        """Count, adjust, or forget memories, as its UpdateExpression says."""
        self.fate("update", request["TableName"])
        self.updates += 1
        if self.faults and (fault := self.faults.pop(0)):
            raise fault
        with self.lock:
            answer = self._updated(request)
        self.fate("updated", request["TableName"])
        return answer

    def _updated(self, request: dict[str, Any]) -> dict[str, Any]:
        names, values = request["ExpressionAttributeNames"], request["ExpressionAttributeValues"]
        movie_id = request["Key"]["movie_id"]["S"]
        item = copy.deepcopy(self.items.get(movie_id, {"movie_id": {"S": movie_id}}))
        if request["UpdateExpression"].startswith("REMOVE"):
            for alias, name in names.items():
                if item.get(name) != values[f":{alias[1:]}"]:
                    raise self._refused(item)
                del item[name]
        elif "#likes" in names:
            mending = "SET #likes = :likes, #adjusted = :adjusted"
            assert request["UpdateExpression"] == mending
            for part in request["ConditionExpression"].split(" AND "):
                if part.startswith("attribute_not_exists"):
                    if names[part[21:-1]] in item:
                        raise self._refused(item)
                else:
                    alias, value = part.split(" = ")
                    if item.get(names[alias]) != values[value]:
                        raise self._refused(item)
            item |= {"likes": values[":likes"], "adjusted": values[":adjusted"]}
        elif "#adjusted" in names:
            adjusting = "SET #adjusted = :net, #run = :run ADD likes :more"
            assert request["UpdateExpression"] == adjusting
            before, run = item.get(names["#adjusted"]), item.get(names["#run"], {"N": "0"})
            differs = before != values.get(":before") or int(run["N"]) > int(values[":run"]["N"])
            if differs and "ConditionExpression" in request:
                raise self._refused(item)
            likes = int(item.get("likes", {"N": "0"})["N"]) + int(values[":more"]["N"])
            item |= {
                "likes": {"N": str(likes)},
                names["#adjusted"]: values[":net"],
                names["#run"]: values[":run"],
            }
        else:
            memory = item.get(names["#memory"])
            condition = request.get("ConditionExpression")
            assert condition in (None, "attribute_not_exists(#memory) OR #memory < :first")
            if condition and memory is not None and not memory["B"] < values[":first"]["B"]:
                raise self._refused(item)
            item[names["#memory"]] = values[":last"]
            likes = int(item.get("likes", {"N": "0"})["N"]) + int(values[":net"]["N"])
            item["likes"] = {"N": str(likes)}
        self.items[movie_id] = item
        return {"Attributes": copy.deepcopy(item)}

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:
        """Read items, leaving the last key unread as often as `unprocessed` says."""
        self.fate("get", "items")
        if self.faults and (fault := self.faults.pop(0)):
            raise fault
        [(table, asked)] = RequestItems.items()
        keys = list(asked["Keys"])
        left: dict[str, Any] = {}
        if self.unprocessed:
            self.unprocessed -= 1
            left = {table: asked | {"Keys": [keys.pop()]}}
        named = [key["movie_id"]["S"] for key in keys]
        with self.lock:
            found = [copy.deepcopy(self.items[name]) for name in named if name in self.items]
        return {"Responses": {table: found}, "UnprocessedKeys": left}

    def get_paginator(self, operation: str) -> Any:
        """Scan the items, each as it is when it is read."""
        assert operation == "scan"

        def pages(TableName: str, ConsistentRead: bool) -> Iterator[dict[str, Any]]:
            for name in list(self.items):
                self.fate("scan", TableName)
                with self.lock:
                    yield {"Items": [copy.deepcopy(self.items[name])]}

        return SimpleNamespace(paginate=pages)

    def get_item(self, TableName: str, Key: dict[str, Any]) -> dict[str, Any]:
        """Read an item of the trends, as it is at this moment."""
        self.reads += 1
        if self.faults and (fault := self.faults.pop(0)):
            raise fault
        item = self.trends.get((Key["pk"]["S"], Key["sk"]["S"]))
        return {} if item is None else {"Item": copy.deepcopy(item)}

    def _refused(self, item: dict[str, Any]) -> ClientError:
        response = {"Error": {"Code": "ConditionalCheckFailedException"}, "Item": item}
        return _ConditionalCheckFailedException(response, "UpdateItem")  # type: ignore[arg-type]


class Kinesis:
    """A stream that keeps what was put on it, or refuses."""

    def __init__(self) -> None:
        self.records: list[tuple[str, bytes]] = []
        self.fault: Exception | None = None

    def put_record(self, StreamName: str, Data: bytes, PartitionKey: str) -> dict[str, str]:
        """Keep a record."""
        if self.fault:
            raise self.fault
        assert 0 < len(PartitionKey) <= 256 and len(Data) + len(PartitionKey.encode()) <= 1_048_576
        self.records.append((PartitionKey, Data))
        return {"ShardId": "shardId-000000000000", "SequenceNumber": str(len(self.records))}


class S3:
    """A bucket that keeps objects, or refuses."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.fault: Exception | None = None

    def put_object(self, Bucket: str, Key: str, Body: bytes, ContentType: str) -> dict[str, str]:
        """Keep an object."""
        if self.fault:
            raise self.fault
        self.objects[Key] = Body
        return {}

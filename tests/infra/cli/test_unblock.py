"""The record that no function gets past is found, named to the functions, and passed over."""

from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from infra.cli import unblock
from infra.cli.unblock import UnblockError
from infra.stage import Stage
from tests import aws, stages
from transform.event import likes, stream_records
from transform.event.stream_records import Record
from transform.handlers import count, track

NOW = 1_780_000_000_000
SHARD = "shardId-000000000000"
OUTPUTS = replace(stages.OUTPUTS, function_names={"count": "UpdateCount", "track": "TrackTrends"})
FIRST, SECOND = (f"{SHARD}:{number}" for number in (1, 2))


class Functions:
    """Functions and their environments, as the boto3 client shows them."""

    def __init__(self):
        self.variables = {name: {"TABLE": name} for name in OUTPUTS.function_names.values()}
        self.writes = 0

        self.newest = dict(self.variables)
        self.code = "new"

    def get_function_configuration(self, FunctionName, Qualifier=None):
        if Qualifier:
            variables, code = self.variables[FunctionName], self.code
        else:
            variables, code = self.newest[FunctionName], "new"
        return {"Environment": {"Variables": variables}, "CodeSha256": code}

    def update_function_configuration(self, FunctionName, Environment):
        self.newest[FunctionName] = Environment["Variables"]
        self.writes += 1

    def get_waiter(self, name):
        return SimpleNamespace(wait=lambda FunctionName: None)

    def publish_version(self, FunctionName):
        return {"Version": str(self.writes)}

    def update_alias(self, FunctionName, Name, FunctionVersion):
        assert (Name, FunctionVersion) == ("live", str(self.writes))
        self.variables[FunctionName] = self.newest[FunctionName]


@pytest.fixture
def functions(monkeypatch):
    made = Functions()
    monkeypatch.setattr(Stage, "client", lambda *given, **settings: made)
    return made


STAGE = Stage("local", OUTPUTS, "http://127.0.0.1:9")


def test_records_are_named_beside_those_that_are_and_then_no_more(functions):
    assert unblock.skip(STAGE, [FIRST]) == {"count": [FIRST], "track": [FIRST]}
    assert unblock.skip(STAGE, [SECOND, FIRST])["count"] == [FIRST, SECOND]
    counts = OUTPUTS.function_names["count"]
    assert functions.variables[counts] == {"TABLE": counts, "SKIPPED_RECORDS": f"{FIRST} {SECOND}"}
    assert unblock.skipped(STAGE) == {name: [FIRST, SECOND] for name in unblock.READERS}
    assert unblock.skip(STAGE, []) == {"count": [], "track": []}
    assert functions.variables[counts] == {"TABLE": counts}
    assert functions.writes == 6


def test_a_function_that_was_rolled_back_is_not_brought_forward_by_it(functions):
    functions.code = "old"
    with pytest.raises(UnblockError, match="was rolled back"):
        unblock.skip(STAGE, [FIRST])
    assert not functions.writes


@pytest.mark.parametrize("record", ["x", "shardId-000000000000", f"{FIRST} {SECOND}", f"{FIRST}\n"])
def test_what_is_no_record_is_said_to_be_none(functions, record):
    with pytest.raises(UnblockError, match="is no record"):
        unblock.skip(STAGE, [record])
    assert not functions.writes


def test_an_environment_has_an_end(functions):
    with pytest.raises(UnblockError, match="as many records"):
        unblock.skip(STAGE, [f"{SHARD}:{'9' * 50}{n:03}" for n in range(60)])
    assert not functions.writes


def test_a_record_on_which_the_code_fails_is_found(monkeypatch):
    good, poison = (Record(data, NOW, SHARD, n, "k") for n, data in (("1", b"{}"), ("2", b"boom")))
    assert not list(unblock.failing(good))
    parse = likes.parse

    def fails(payload, *more):
        if payload == b"boom":
            raise ZeroDivisionError("boom")
        return parse(payload, *more)

    monkeypatch.setattr(likes, "parse", fails)
    assert not list(unblock.failing(good))
    found = list(unblock.failing(poison))
    assert [(one.record, one.function) for one in found] == [(SECOND, "count"), (SECOND, "track")]
    assert found[0][1:3] == ("2026-05-28 20:26:40", 4)
    assert found[0].error == "ZeroDivisionError: boom"


@pytest.mark.parametrize("handler", [count, track])
def test_the_functions_read_what_is_named_not_at_all(handler, monkeypatch):
    record = Record(b"boom", NOW, SHARD, "2", "k")
    monkeypatch.setattr(likes, "parse", lambda *given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        handler.handler(aws.kinesis([record]), aws.CONTEXT)
    monkeypatch.setenv("SKIPPED_RECORDS", f"{FIRST} {SECOND}")
    handler.handler(aws.kinesis([record]), aws.CONTEXT)


def test_what_is_skipped_is_not_even_decoded():
    event = aws.kinesis([Record(b"{}", NOW, SHARD, "1", "k")])
    event["Records"][0]["kinesis"]["data"] = None
    assert stream_records.from_lambda(event, [FIRST]) == []

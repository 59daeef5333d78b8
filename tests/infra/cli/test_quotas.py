"""An account that lacks room is told so, in words and with what to ask for."""

import boto3
import pytest
from botocore.stub import Stubber

from infra.cli import quotas
from infra.cli.quotas import Account

ROOMY = Account(executions=1000, unreserved=1000, requests_per_second=10000, on_demand_streams=50)
NEW = Account(executions=10, unreserved=10, requests_per_second=10000, on_demand_streams=50)


def test_an_account_with_room_is_left_in_peace():
    found = quotas.look(ROOMY, 10_000)
    assert (found.warnings, found.archive_executions) == ([], 200)


def test_a_new_account_is_told_what_to_ask_for_and_nothing_is_reserved():
    """Lambda refuses a reservation that leaves less than 100, so the first apply would fail."""
    found = quotas.look(NEW, 100)
    [warning] = found.warnings
    assert found.archive_executions == -1
    assert "runs 10 functions" in warning and "about 105" in warning and "Ask for 400" in warning


@pytest.mark.parametrize("unreserved", [999, 900, 100])
def test_what_others_have_reserved_is_not_reserved_again(unreserved):
    account = Account(1000, unreserved, 10_000, 50)
    found = quotas.look(account, 10_000)
    assert found.archive_executions == -1
    assert f"of 1000, {unreserved} are not reserved" in found.warnings[0]
    assert unreserved - found.archive_executions >= quotas.UNRESERVED


def test_a_stage_that_stands_keeps_what_it_has_reserved():
    """Its own reservation is no longer unreserved; to drop it would bring it back the next time."""
    found = quotas.look(Account(1000, 800, 10_000, 0, 200), 10_000)
    assert (found.warnings, found.archive_executions) == ([], 200)


def test_an_api_that_takes_less_and_a_stream_too_many_are_told():
    told = quotas.look(Account(2000, 2000, 600, 0), 10_000).warnings
    assert len(told) == 2
    assert "takes 600 requests a second" in told[0] and "no room for another stream" in told[1]


def test_who_may_not_ask_learns_of_it_and_goes_on():
    clients = {name: client(name) for name in ("lambda", "kinesis", "apigateway")}
    stubs = {name: Stubber(one) for name, one in clients.items()}
    stubs["lambda"].add_client_error("get_account_settings", "AccessDeniedException")
    stubs["lambda"].add_client_error("get_function_concurrency", "ResourceNotFoundException")
    stubs["kinesis"].add_response(
        "describe_limits",
        {
            "ShardLimit": 500,
            "OpenShardCount": 4,
            "OnDemandStreamCount": 3,
            "OnDemandStreamCountLimit": 50,
        },
    )
    stubs["apigateway"].add_response(
        "get_account", {"throttleSettings": {"rateLimit": 10000.0, "burstLimit": 5000}}
    )
    said = []
    for stub in stubs.values():
        stub.activate()
    asked = quotas.ask(clients.__getitem__, "test", said.append)
    assert asked == Account(None, None, 10000.0, 47, None)
    assert len(said) == 1 and "quotas of lambda are not known" in said[0]
    found = quotas.look(asked, 10_000)
    assert (found.archive_executions, found.warnings) == (-1, [])


def client(name):
    return boto3.client(
        name, region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b"
    )

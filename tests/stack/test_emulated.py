"""The emulator as we start it: what it does otherwise than MiniStack alone."""

import json

import pytest
from botocore.exceptions import ClientError


def test_a_permission_repeated_as_it_stands_is_no_conflict_and_another_is(stage):
    functions = stage.client("lambda")
    given = {
        "FunctionName": stage.outputs.function_names["read"],
        "StatementId": "repeated",
        "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
    }
    try:
        first = functions.add_permission(**given)["Statement"]
        assert functions.add_permission(**given)["Statement"] == first
        with pytest.raises(ClientError) as raised:
            functions.add_permission(**given | {"Principal": "s3.amazonaws.com"})
        assert raised.value.response["Error"]["Code"] == "ResourceConflictException"
        policy = json.loads(functions.get_policy(FunctionName=given["FunctionName"])["Policy"])
        mine = [one for one in policy["Statement"] if one["Sid"] == "repeated"]
        assert mine == [json.loads(first)]
    finally:
        functions.remove_permission(FunctionName=given["FunctionName"], StatementId="repeated")

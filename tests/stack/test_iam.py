"""IAM is enforced on the emulator, and every role is enough for its function, or for the work of
people, and no more."""

import contextlib
import io
import json
import uuid
import zipfile

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.cli import health
from infra.stage import Stage
from tests.stack.calls import DONE, MAY, MAY_NOT, PEOPLE_MAY, PEOPLE_MAY_NOT, REFUSALS

PROBE = """
import boto3
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError

def handler(event, context):
    service, operation, parameters = event
    if operation == "signed":
        client = boto3.client(service, config=Config(signature_version="s3v4"))
        address = client.generate_presigned_url("get_object", parameters)
        return urllib3.PoolManager().request("GET", address).status
    try:
        getattr(boto3.client(service), operation)(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "done"
"""


@pytest.fixture(scope="module")
def of_stage(stage):
    """Gives a call as JSON, with the names of the stage's own parts in it."""
    names = {"stream": stage.outputs.stream_name, "table": stage.outputs.counts_table,
             "trends": stage.outputs.trends_table,
             "bucket": stage.outputs.bucket, "site": stage.outputs.site_bucket,
             "database": stage.outputs.glue_database, "bus": stage.outputs.event_bus,
             "workgroup": stage.outputs.athena_workgroup, "delivery": stage.outputs.firehose_name,
             "topic": "arn:aws:sns:us-east-1:000000000000:movie-likes-local-reports",
             **stage.outputs.function_names}  # fmt: skip

    def told(call):
        text = json.dumps(call)
        for placeholder, value in names.items():
            text = text.replace(f"{{{placeholder}}}", value)
        return text

    return told


@pytest.fixture(scope="module", params=MAY)
def probe(request, stage, of_stage):
    """A function that makes any call it is told, with the role of one of the stage's functions."""
    step = request.param
    functions = stage.client("lambda")
    role = functions.get_function_configuration(FunctionName=stage.outputs.function_names[step])
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("probe.py", PROBE)
    name = f"Probe-{step}-{uuid.uuid4()}"
    functions.create_function(
        FunctionName=name, Runtime="python3.13", Handler="probe.handler", Timeout=30,
        Role=role["Role"], Code={"ZipFile": package.getvalue()},
    )  # fmt: skip
    functions.get_waiter("function_active_v2").wait(FunctionName=name)

    def call(service, operation, parameters):
        told = of_stage([service, operation, parameters])
        answer = functions.invoke(FunctionName=name, Payload=told.encode())
        result = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, result
        return result

    yield step, call
    functions.delete_function(FunctionName=name)


def test_a_role_is_enough_for_its_function(probe):
    step, call = probe
    refused = [(one[:2], answer) for one in MAY[step] if (answer := call(*one)) not in DONE]
    assert refused == []


def test_a_role_is_no_more_than_its_function_needs(probe):
    step, call = probe
    allowed = [one[:2] for one in MAY_NOT[step] if call(*one) not in REFUSALS]
    assert allowed == []


@pytest.fixture
def person(request, role, stage, of_stage):
    """Makes any call with a role for people, and gives what comes of it."""
    made = role(request.param)

    def call(*one):
        service, operation, parameters = json.loads(of_stage(one))
        try:
            getattr(made(stage, service), operation)(**parameters)
        except ClientError as error:
            return error.response["Error"]["Code"]
        return "done"

    return request.param, call


@pytest.mark.parametrize("person", PEOPLE_MAY, indirect=True)
def test_a_role_for_people_is_enough_for_their_work_and_no_more(person):
    name, call = person
    refused = [(one[1:], answer) for one in PEOPLE_MAY[name] if (answer := call(*one)) in REFUSALS]
    assert refused == []
    allowed = [(one[1:], answer) for one in PEOPLE_MAY_NOT[name]
               if (answer := call(*one)) not in REFUSALS]  # fmt: skip
    assert allowed == []


def test_an_operator_sees_how_each_part_is(stage, role, monkeypatch):
    """As of a stage on AWS, where the numbers are those of the last audit."""
    monkeypatch.setattr(Stage, "client", role("operator"))
    monkeypatch.setattr(health, "open_stage", lambda name: Stage(name, stage.outputs))
    told = {one.part: one.detail for one in health.check("test")}
    assert len(told) > 15
    assert {part: detail for part, detail in told.items() if "denied" in detail.lower()} == {}


@pytest.mark.parametrize(
    ("probe", "status"), [("compact", 404), ("ingest", 403)], indirect=["probe"]
)
def test_a_signed_address_is_as_good_as_the_role_that_signed_it(probe, status):
    """Here that of an object that is not there."""
    _, call = probe
    assert call("s3", "signed", {"Bucket": "{bucket}", "Key": "totals/none"}) == status


def test_without_its_permission_ingest_accepts_nothing_and_with_it_again_it_does(stage, api):
    """Would fail where IAM is not enforced: the like would be accepted all the same."""
    iam = stage.client("iam")
    functions = stage.client("lambda")
    name = stage.outputs.function_names["ingest"]
    role = functions.get_function_configuration(FunctionName=name)["Role"].rpartition("/")[2]
    policy = "step"
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    assert "kinesis:PutRecord" in json.dumps(document)
    film = f"denied-{uuid.uuid4()}"
    iam.delete_role_policy(RoleName=role, PolicyName=policy)
    try:
        refused = api.post({"movie_id": film})
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))
    assert refused.status == 503
    assert refused.headers["Retry-After"] == "1"
    told = refused.json()
    assert (told["error"], len(told["event_ids"])) == ("unavailable", 1)
    again = api.post({"movie_id": film, "event_id": told["event_ids"][0]})
    assert (again.status, again.json()["event_ids"]) == (202, told["event_ids"])


@pytest.mark.parametrize("key", ["nobody", "AKIAIOSFODNN7EXAMPLE"])
def test_who_has_no_key_of_the_account_gets_nothing(key, stage):
    stranger = boto3.client(
        "dynamodb", endpoint_url=stage.endpoint, region_name="us-east-1",
        aws_access_key_id=key, aws_secret_access_key="wrong",
        config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip
    with contextlib.closing(stranger), pytest.raises(ClientError) as raised:
        stranger.scan(TableName=stage.outputs.counts_table)
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)

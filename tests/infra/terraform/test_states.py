"""The bucket of the states is one of the account and region, and comes before Terraform."""

import boto3
import pytest
from botocore.stub import Stubber

from infra.terraform import states
from infra.terraform.states import StateError


@pytest.fixture
def aws(monkeypatch):
    """Sessions of a region whose clients answer as told: `aws.s3.add_response(...)`."""

    class Session:
        region_name: str | None = "eu-west-1"

        def client(self, service):
            return clients[service]

    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "eu-west-1"}
    clients = {name: boto3.client(name, **keys) for name in ("s3", "sts")}
    for name, client in clients.items():
        stub = Stubber(client)
        stub.activate()
        setattr(Session, name, stub)
    session = Session()
    monkeypatch.setattr(states, "_session", lambda: session)
    return session


def test_two_regions_of_an_account_have_a_bucket_each(aws):
    names = []
    for aws.region_name in ("eu-west-1", "us-east-1"):
        aws.sts.add_response("get_caller_identity", {"Account": "111122223333"})
        names.append(states.bucket())
    assert names == [
        "movie-likes-terraform-111122223333-eu-west-1",
        "movie-likes-terraform-111122223333-us-east-1",
    ]


def test_one_that_is_named_is_that_one(aws, monkeypatch):
    monkeypatch.setenv("LAKE_STATE_BUCKET", "states")
    assert states.bucket() == "states"


def test_who_has_no_keys_learns_of_it(aws):
    aws.sts.add_client_error("get_caller_identity", "ExpiredToken")
    with pytest.raises(StateError, match="AWS does not say which account this is"):
        states.bucket()


@pytest.mark.parametrize(("code", "there"), [(None, True), ("404", False)])
def test_whether_it_is_there(code, there, aws):
    if code:
        aws.s3.add_client_error("head_bucket", code)
    else:
        aws.s3.add_response("head_bucket", {})
    assert states.exists("states") is there


def test_one_of_somebody_else_is_not_taken_for_missing(aws):
    aws.s3.add_client_error("head_bucket", "403")
    with pytest.raises(StateError, match="Bucket states cannot be asked for"):
        states.exists("states")


@pytest.mark.parametrize(
    ("region", "more"),
    [
        ("eu-west-1", {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}),
        ("us-east-1", {}),
    ],
)
def test_it_is_made_in_its_region(region, more, aws):
    aws.region_name = region
    aws.s3.add_response("create_bucket", {}, {"Bucket": "states"} | more)
    states.make("states")
    aws.s3.add_client_error("create_bucket", "BucketAlreadyOwnedByYou")
    states.make("states")
    aws.s3.add_client_error("create_bucket", "BucketAlreadyExists")
    with pytest.raises(StateError, match="Bucket states cannot be made"):
        states.make("states")

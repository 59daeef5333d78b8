"""Signed addresses work in every region, and on the emulator."""

import boto3
import pytest

from transform.aws import clients


@pytest.fixture
def signed(monkeypatch):
    """Sign an object's address in a region, with an endpoint of an emulator or none."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")

    def sign(region, endpoint=None):
        if endpoint:
            monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        client = boto3.client("s3", region_name=region, config=clients.signing(1))
        where = {"Bucket": "likes", "Key": "reports/a.html"}
        return client.generate_presigned_url("get_object", where)

    return sign


@pytest.mark.parametrize("region", ["eu-south-2", "ap-southeast-4", "me-central-1"])
def test_an_address_names_its_region(region, signed):
    """The global endpoint answers of those no bucket: they are opted into.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
    """
    address = signed(region)
    assert address.startswith(f"https://likes.s3.{region}.amazonaws.com/reports/a.html?")
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in address


def test_an_emulator_is_asked_where_it_is(signed):
    address = signed("us-east-1", "http://localhost:4566")
    assert address.startswith("http://localhost:4566/likes/reports/a.html?")

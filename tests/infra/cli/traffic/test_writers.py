"""Who sends likes is told as the stage asks for it, and what is missing is named."""

import re

import msgspec
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from infra.cli.traffic import send as sender
from infra.cli.traffic import writers
from infra.stage import Stage
from tests.stages import OUTPUTS

URL = "https://abc.execute-api.eu-west-1.amazonaws.com/test/likes"


def stage(mode, endpoint=None):
    return Stage("test", msgspec.structs.replace(OUTPUTS, writers=mode), endpoint)


@pytest.fixture
def credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


@pytest.mark.parametrize(
    ("mode", "given", "told"),
    [
        ("open", {}, {}),
        ("open", {"api_key": "key", "token": "token"}, {}),
        ("api_key", {"api_key": "key"}, {"x-api-key": "key"}),
        ("jwt", {"token": "token"}, {"Authorization": "token"}),
    ],
)
def test_a_stage_is_told_what_it_asks_for_and_nothing_else(mode, given, told):
    headers = writers.headers(stage(mode), **given)
    assert headers(URL, b"[]") == writers.JSON | told


@pytest.mark.parametrize(
    ("mode", "said"),
    [("api_key", "--api-key"), ("jwt", "--token"), ("iam", "AWS credentials and a region")],
)
def test_what_is_missing_is_named(mode, said):
    with pytest.raises(writers.WriterError, match=said):
        writers.headers(stage(mode))


def test_a_request_is_signed_for_its_address_and_body(credentials):
    headers = writers.headers(stage("iam"))
    signed = headers(URL, b'[{"movie_id":"1"}]')
    scope = r"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\d{8}/eu-west-1/execute-api/aws4_request, "
    assert re.match(scope, signed["Authorization"])
    assert signed["X-Amz-Security-Token"] == "session"
    # botocore's signer says the same of a request that was received with this date and body.
    received = AWSRequest("POST", URL, data=b'[{"movie_id":"1"}]', headers=writers.JSON)
    received.headers["X-Amz-Security-Token"] = "session"
    received.context["timestamp"] = signed["X-Amz-Date"]
    received.headers["X-Amz-Date"] = signed["X-Amz-Date"]
    signer = SigV4Auth(Credentials("AKIDEXAMPLE", "secret", "session"), "execute-api", "eu-west-1")
    text = signer.string_to_sign(received, signer.canonical_request(received))
    assert signed["Authorization"].endswith(f"Signature={signer.signature(text, received)}")
    assert headers(URL, b"[]")["Authorization"] != signed["Authorization"]


def test_each_request_of_a_run_brings_them_along(api):
    seen = []

    def headers(url, body):
        seen.append((url, body))
        return writers.JSON | {"x-api-key": "key"}

    api.schedule = ["503"]
    lines = [b'{"movie_id":"1","event_id":"a"}\n']
    sent = sender.send(lines, api.url, headers=headers, backoff_s=0.0)
    assert (sent.accepted, sent.requests) == (1, 2)
    assert [url for url, _ in seen] == [f"{api.url}/likes"] * 2
    assert [body for _, body in seen] == api.bodies
    assert api.keys == ["key", "key"]

"""Requests that are signed here: as the client's own, and whatever else comes is left to it."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import CredentialRetrievalError
from hypothesis import given
from hypothesis import strategies as st

from glue import signed
from glue.signed import Signed, settings
from tests.bucket import Objects, etag
from transform.aws.buckets import SMALL, Bucket, Conflict


class Server(ThreadingHTTPServer):
    """Answers what it is told, and remembers what it was asked."""

    daemon_threads = True
    status, body, size = 200, b"x" * 3_000_000, 3_000_000

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, self.headers, body))
        self.send_response(self.server.status)
        self.send_header("ETag", '"it"')
        self.send_header("Content-Length", str(self.server.size))
        self.end_headers()
        self.wfile.write(self.server.body)
        self.close_connection = self.server.size != len(self.server.body)

    do_PUT = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def servers():
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def server(servers):
    servers.status, servers.body, servers.size = Server.status, Server.body, Server.size
    servers.asked.clear()
    return servers


def signing(server):
    """Give a client of the server, and what signs as it does."""
    session = boto3.Session("us", "secret", "token", region_name="eu-central-1")
    config = Config(**settings(emulated=True), retries={"total_max_attempts": 1})
    client = session.client("s3", endpoint_url=server.endpoint, config=config)
    return client, Signed(client, 2)


@pytest.fixture(scope="module")
def both(servers):
    return signing(servers)


@pytest.fixture
def bucket(server):
    """Give a bucket that has an object by the client, and another one by signed requests."""
    client = Objects()
    client.add("key", b"by the client")
    return Bucket(client, "lake", signing(server)[1])


def test_an_object_is_read_whole_and_its_etag_told(bucket, server, tmp_path):
    assert bucket.download("key", tmp_path / "a") == '"it"'
    assert (tmp_path / "a").read_bytes() == server.body
    assert bucket.read("key") == (server.body, '"it"')
    assert [path for _, path, *_ in server.asked] == ["/lake/key"] * 2


def test_what_is_put_goes_with_its_condition_and_its_kind_and_all_of_it_is_signed(bucket, server):
    server.body, server.size = b"", 0
    assert bucket.put("key", b"new", '"old"', "text/html") == '"it"'
    assert bucket.put("key", b"first", None) == '"it"'
    (_, _, again, new), (_, _, first, body) = server.asked
    assert (new, again["If-Match"], again["Content-Type"]) == (b"new", '"old"', "text/html")
    assert (body, first["If-None-Match"]) == (b"first", "*")
    assert "if-match" in again["Authorization"] and "if-none-match" in first["Authorization"]
    for told in (again, first):  # so that none of it can be other than it was sent
        assert "x-amz-content-sha256" in told["Authorization"]
        assert len(told["x-amz-content-sha256"]) == 64
    assert bucket.client.objects["key"] == b"by the client"


@given(key=st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1))
def test_a_key_is_written_as_the_client_writes_it(servers, both, key):
    servers.status, servers.body, servers.size = 200, b"", 0
    client, ours_ = both
    servers.asked.clear()
    client.get_object(Bucket="lake", Key=key)
    ours_.get("lake", key)
    (_, theirs, *_), (_, ours, *_) = servers.asked
    assert ours == theirs


@pytest.mark.parametrize(
    ("status", "asked"), [(404, 9), (412, 9), (500, 9), (503, 9), (400, 3), (403, 3), (301, 3)]
)
def test_the_client_is_asked_where_anything_else_is_answered(
    bucket, server, tmp_path, status, asked
):
    """And from the fourth on it alone, where that is not something that passes or is of one object
    alone."""
    server.status, server.body, server.size = status, b"why", 3
    for _ in range(3):
        bucket.download("key", tmp_path / "a")
        assert (tmp_path / "a").read_bytes() == b"by the client"
        assert bucket.read("key") == (b"by the client", etag(b"by the client"))
        with pytest.raises(Conflict):
            bucket.put("key", b"new", '"other"')
    assert len(server.asked) == asked
    assert bucket.download("missing", tmp_path / "b") is None
    assert bucket.read("missing") is None


def test_refusals_between_which_it_works_are_forgotten(bucket, server):
    for _ in range(3):
        server.status, server.body, server.size = 403, b"why", 3
        bucket.read("key")
        bucket.read("key")
        server.status = 200
        assert bucket.read("key") == (b"why", '"it"')


def test_after_a_pause_it_is_tried_again(bucket, server, monkeypatch):
    server.status, server.body, server.size = 403, b"why", 3
    for _ in range(5):
        bucket.read("key")
    assert len(server.asked) == 3
    server.status = 200
    later = signed.monotonic() + signed.PAUSE_S
    monkeypatch.setattr(signed, "monotonic", lambda: later)
    assert bucket.read("key") == (b"why", '"it"')


def test_what_is_large_is_left_to_the_client(bucket, server):
    """It would have a second to be sent."""
    bucket.put("large", bytes(SMALL + 1), None)
    assert len(bucket.client.objects["large"]) == SMALL + 1 and not server.asked


def test_the_client_is_asked_where_an_object_breaks_off(bucket, server, tmp_path):
    server.size += 1
    bucket.download("key", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"by the client"
    assert bucket.read("key") == (b"by the client", etag(b"by the client"))


def test_the_client_is_asked_where_nobody_answers(tmp_path):
    with Server() as server:
        bucket = Bucket(Objects(), "lake", signing(server)[1])
    bucket.client.add("key", b"by the client")
    for _ in range(5):
        bucket.download("key", tmp_path / "a")
        assert (tmp_path / "a").read_bytes() == b"by the client"
        assert bucket.put("new", b"new", bucket.client.objects.get("new") and etag(b"new"))


def test_without_credentials_the_client_is_asked_alone(server):
    client = Objects()
    client.add("key", b"by the client")
    bucket = Bucket(client, "lake", Signed(client, 2))
    assert bucket.read("key") == (b"by the client", etag(b"by the client"))
    assert not server.asked


def test_the_client_is_asked_where_credentials_are_not_to_be_had(server):
    class Ended:
        def get_frozen_credentials(self):
            raise CredentialRetrievalError(provider="sso", error_msg="It has ended.")

    client = Objects()
    client.add("key", b"by the client")
    real = signing(server)[0]
    real._request_signer._credentials = Ended()
    bucket = Bucket(client, "lake", Signed(real, 2))
    assert bucket.read("key") == (b"by the client", etag(b"by the client"))
    assert not server.asked


def test_on_aws_an_address_names_bucket_and_region():
    session = boto3.Session("us", "secret", region_name="eu-south-2")
    client = session.client("s3", config=Config(**settings(emulated=False)))
    place = Signed(client, 2)._place("lake")
    assert place.address == "https://lake.s3.eu-south-2.amazonaws.com/"
    assert place.pool.scheme == "https" and place.pool.cert_reqs != "CERT_NONE"

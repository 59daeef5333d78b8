"""Downloads by signed addresses: whatever is not the object itself is left to the client."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from tests.bucket import Objects
from transform.aws.buckets import Bucket
from transform.aws.signed_downloads import Signed


class Server(ThreadingHTTPServer):
    """Answers what it is told, and remembers what it was asked."""

    status, body, size, asked = 200, b"x" * 3_000_000, 3_000_000, ()

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        self.send_response(self.server.status)
        self.send_header("ETag", '"it"')
        self.send_header("Content-Length", str(self.server.size))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def bucket(server):
    """Give a bucket that has an object by the client, and another one by signed addresses."""
    client = Objects()
    client.add("key", b"by the client")

    def sign(operation, where, ExpiresIn):
        assert (operation, where["Bucket"], ExpiresIn) == ("get_object", "lake", 60)
        return f"http://127.0.0.1:{server.server_port}/{where['Key']}"

    signing = SimpleNamespace(generate_presigned_url=sign)
    return Bucket(client, "lake", Signed(signing, 2))


def test_an_object_is_written_whole_and_its_etag_told(bucket, server, tmp_path):
    assert bucket.download("key", tmp_path / "a") == '"it"'
    assert (tmp_path / "a").read_bytes() == server.body
    assert server.asked == ["/key"]


@pytest.mark.parametrize(
    ("status", "again"), [(404, True), (500, True), (503, True), (400, False), (403, False)]
)
def test_the_client_is_asked_where_anything_else_is_answered(
    bucket, server, tmp_path, status, again
):
    """And from then on, where it is not something that passes or is of this object alone."""
    server.status, server.body, server.size = status, b"why", 3
    for _ in range(2):
        bucket.download("key", tmp_path / "a")
        assert (tmp_path / "a").read_bytes() == b"by the client"
    assert len(server.asked) == (2 if again else 1)
    assert bucket.download("missing", tmp_path / "b") is None


def test_the_client_is_asked_where_an_object_breaks_off(bucket, server, tmp_path):
    server.size += 1
    bucket.download("key", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"by the client"


def test_the_client_is_asked_where_nobody_answers(bucket, server, tmp_path):
    server.shutdown()
    server.server_close()
    bucket.download("key", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"by the client"

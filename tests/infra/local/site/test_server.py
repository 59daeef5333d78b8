"""The local site over HTTP: what S3 holds, as CloudFront would serve it, to this machine alone."""

import socket
import threading

import pytest
import urllib3
from botocore.exceptions import EndpointConnectionError

from infra.local.site.distribution import Behavior, Distribution
from infra.local.site.server import Object, Server, reader
from tests.fakes import refusal

SITE = Distribution(
    (Behavior("/reports/*", "lake", {"X-Of": "lake"}), Behavior("*", "pages", {"X-Of": "pages"})),
    "index.html",
    {403: (404, "/404.html"), 404: (404, "/404.html")},
)
OBJECTS = {
    ("pages", "index.html"): Object(200, b"<h1>hello</h1>", "text/html", "max-age=0", '"tag"'),
    ("pages", "404.html"): Object(200, b"nothing here", "text/html"),
    ("pages", "a b.js"): Object(200, b"1", "text/javascript"),
    ("lake", "reports/day.html"): Object(200, b"report", "text/html"),
    ("lake", "state/secret"): Object(200, b"secret", "text/plain"),
    ("lake", "reports/../state/secret"): Object(200, b"secret", "text/plain"),
}


def read(bucket, key):
    if key == "broken":
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
    return OBJECTS.get((bucket, key), Object(403))


@pytest.fixture(scope="module")
def server():
    with Server(0, SITE, read) as made:
        threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
        yield made
        made.shutdown()


@pytest.fixture
def ask(server):
    pool = urllib3.PoolManager(retries=False, timeout=10)

    def request(path, method="GET", **headers):
        url = f"http://127.0.0.1:{server.server_port}{path}"
        return pool.request(method, url, headers=headers)

    yield request
    pool.clear()


def test_the_root_is_the_first_page_with_type_age_tag_and_policy(ask):
    answer = ask("/?from=mail")
    assert (answer.status, answer.data) == (200, b"<h1>hello</h1>")
    told = ("Content-Type", "Cache-Control", "ETag", "X-Of", "Content-Length")
    assert [answer.headers[name] for name in told] == [
        "text/html", "max-age=0", '"tag"', "pages", "14",
    ]  # fmt: skip


def test_what_the_browser_has_is_not_sent_again(ask):
    answer = ask("/", **{"If-None-Match": '"tag"'})
    assert (answer.status, answer.data) == (304, b"")
    assert ask("/", **{"If-None-Match": '"other"'}).status == 200


def test_a_head_has_everything_but_the_body(ask):
    answer = ask("/", "HEAD")
    assert (answer.status, answer.data, answer.headers["Content-Length"]) == (200, b"", "14")


def test_reports_come_from_the_lake_and_nothing_else_of_it_does(ask):
    answer = ask("/reports/day.html")
    assert (answer.status, answer.data, answer.headers["X-Of"]) == (200, b"report", "lake")
    for path in ("/state/secret", "/reports/../state/secret", "/reports/%2e%2e/state/secret"):
        answer = ask(path)
        assert (answer.status, answer.data) == (404, b"nothing here"), path


def test_what_is_missing_is_said_in_words_and_a_name_is_unquoted(ask):
    assert (ask("/nothing").status, ask("/nothing").data) == (404, b"nothing here")
    assert ask("/a%20b.js").data == b"1"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_done_but_read(ask, method):
    assert ask("/", method).status == 501


def test_a_stage_that_does_not_answer_is_told_and_the_server_goes_on(ask, capfd):
    assert ask("/broken").status == 502
    assert "127.0.0.1:1" in capfd.readouterr().err
    assert ask("/").status == 200


def test_it_listens_to_this_machine_alone(server):
    assert server.server_address[0] == "127.0.0.1"
    with socket.socket() as other:
        assert other.connect_ex(("127.0.0.2", server.server_port)) != 0


class S3:
    """Holds one object; says what S3 says of others."""

    def __init__(self, code, status):
        self.error = refusal(code)
        self.error.response["ResponseMetadata"] = {"HTTPStatusCode": status}

    def get_object(self, Bucket, Key):
        raise self.error


def test_an_object_that_is_not_there_is_told_from_a_service_that_fails():
    assert reader(S3("AccessDenied", 403))("bucket", "key") == Object(403)
    assert reader(S3("KeyTooLongError", 400))("bucket", "key") == Object(400)
    with pytest.raises(Exception, match="SlowDown"):
        reader(S3("SlowDown", 503))("bucket", "key")

"""A real HTTP server that takes likes like the API, and misbehaves on schedule."""

import json
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

import pytest

Behaviour = str
"""What the server does with one request: `take`, a status such as `503`, `drop` (cuts the
connection without taking anything) or `lose` (takes all, then cuts the connection)."""


class Api(ThreadingHTTPServer):
    """Takes likes once an event id; refuses those without a film; remembers every body."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.schedule: list[Behaviour] = []
        self.retry_after: str | None = None
        self.most = 500
        self.most_bytes = 900_000
        self.names_errors = True
        self.lock = Lock()
        self.bodies: list[bytes] = []
        self.keys: list[str | None] = []
        self.taken: Counter[str] = Counter()
        self.events: dict[str, dict[str, object]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Connections are cut on purpose here; that is nothing to print."""

    def answer(self, body: bytes) -> tuple[int, object, bool]:
        """The status, the body, and whether to cut the connection instead."""
        with self.lock:
            self.bodies.append(body)
            behaviour = self.schedule.pop(0) if self.schedule else "take"
            if behaviour == "drop":
                return 0, None, True
            if behaviour.isdigit():
                return int(behaviour), {"error": "busy", "message": "Not now."}, False
            items = json.loads(body)
            if len(items) > self.most or len(body) > self.most_bytes:
                return 413, {"error": "too_large", "message": "Too much at once."}, False
            bad = [
                {"index": i, "reason": "missing_movie_id", "detail": "movie_id is missing."}
                for i, item in enumerate(items)
                if not isinstance(item, dict) or "movie_id" not in item
            ]
            if bad:
                errors = {"errors": bad} if self.names_errors else {}
                told = {"error": "invalid_likes", "message": "Some are no likes.", **errors}
                return 400, told, False
            for item in items:
                self.taken[item["event_id"]] += item["event_id"] not in self.events
                self.events[item["event_id"]] = item
            ids = [item["event_id"] for item in items]
            again = [n for n, event_id in enumerate(ids) if event_id in ids[:n]]
            told = {"accepted": len(items) - len(again), "event_ids": ids, "repeated": again}
            return 202, told, behaviour == "lose"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Api

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.keys.append(self.headers["x-api-key"])
        status, told, cut = self.server.answer(body)
        if self.path != "/likes":
            status, told = 404, {"message": "Not found"}
        if cut:
            self.close_connection = True
            return
        text = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        if self.server.retry_after and status in (429, 503):
            self.send_header("Retry-After", self.server.retry_after)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the tests read what was taken."""


@pytest.fixture
def api() -> Iterator[Api]:
    """The server, on a free port."""
    yield from _served()


def _served() -> Iterator[Api]:
    with Api() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()

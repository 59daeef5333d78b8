"""A gate between a page and the API: it can be shut, refuse, or lose an answer on its way back."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import urllib3

_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


class Gate:
    """Passes requests on to an API. `posts` are the likes of each POST, in their order."""

    def __init__(self, api_url: str) -> None:
        self.api_url = api_url
        self.pool = urllib3.PoolManager(retries=False, timeout=30)
        self.posts: list[list[dict[str, Any]]] = []
        self.lose = 0
        """How many answers to POST to lose: the API has taken the likes, and nobody hears of it."""
        self.port = 0
        self.open()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def open(self) -> None:
        """Take connections, on the same port each time."""
        gate = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def do_GET(self) -> None:
                gate._pass(self)

            do_POST = do_OPTIONS = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def shut(self) -> None:
        """Take no connections: there is nobody at the port."""
        self.server.shutdown()
        self.server.server_close()

    def _pass(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in {"host", *_HOP_BY_HOP}
        }
        if request.command == "POST":
            self.posts.append(json.loads(body))
        answer = self.pool.request(
            request.command, self.api_url + request.path, body=body or None, headers=headers
        )
        if request.command == "POST" and self.lose:
            self.lose -= 1
            return
        request.send_response_only(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in _HOP_BY_HOP:
                request.send_header(name, value)
        request.end_headers()
        request.wfile.write(answer.data)

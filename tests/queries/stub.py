"""S3 and Glue over a folder, in a process of its own, telling what was asked of them.

`python stub.py FOLDER` prints its port. Buckets are folders; `/asked` tells the prefixes listed and
the bytes sent of each key since it was last asked, and how many requests that were.

`/become?states=a,b,c&after=2&every=3` has buckets be those in FOLDER/a, from the third request on
those in FOLDER/b and three requests later those in FOLDER/c, which stay.
"""

import hashlib
import json
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

NOTHING: Mapping[str, str] = {}
ROOT = Path(sys.argv[1])
listed: list[str] = []
sent: dict[str, int] = {}


class Time:
    """What the buckets are, request after request."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.become([""], 0, 1)

    def become(self, states: list[str], after: int, every: int) -> None:
        """Begin anew, with these states."""
        self.states, self.after, self.every, self.requests = states, after, every, 0

    def passes(self) -> tuple[Path, int]:
        """Give the folder of the buckets at the next request, and how many were before it."""
        with self.lock:
            self.requests += 1
            place = max(0, (self.requests - 1 - self.after) // self.every + 1)
            place = min(place, len(self.states) - 1)
            return ROOT / self.states[place], place


time = Time()


class Stub(BaseHTTPRequestHandler):
    """Just what reading a table takes: list, get a range, and the tables of a database."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: two would wait 40 ms for one another

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        path = unquote(url.path).strip("/")
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if path == "asked":
            told = {"listed": listed, "sent": sent, "requests": time.requests}
            self.answer(200, json.dumps(told).encode())
            listed.clear()
            sent.clear()
        elif path == "become":
            after, every = int(query["after"]), int(query["every"])
            time.become(query["states"].split(","), after, every)
            self.answer(200, b"")
        elif "list-type" in query:
            names = ("prefix", "delimiter", "start-after")
            self.answer(200, self.keys(path, *(query.get(name, "") for name in names)))
        elif not (file := time.passes()[0] / path).is_file():
            self.answer(404, b"")
        else:
            data = file.read_bytes()
            first, last = self.span(len(data))
            if first and first >= len(data):
                self.answer(416, b"")
                return
            part = data[first:last]
            sent[path] = sent.get(path, 0) + len(part)
            told = {"ETag": etag(data), "Content-Range": f"bytes {first}-{last - 1}/{len(data)}"}
            self.answer(206 if "Range" in self.headers else 200, part, told)

    def span(self, size: int) -> tuple[int, int]:
        """Give the place of the first byte that is asked for, and the place behind the last."""
        asked = self.headers.get("Range", "bytes=0-").removeprefix("bytes=")
        first, _, last = asked.partition("-")
        if not first:
            return max(0, size - int(last)), size
        return int(first), min(int(last) + 1, size) if last else size

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(200, (ROOT / "tables.json").read_bytes())

    def keys(self, bucket: str, prefix: str, delimiter: str, after: str) -> bytes:
        listed.append(prefix)
        state, place = time.passes()
        root = state / bucket
        keys = sorted(
            path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()
        )
        found, folders = [], []
        for key in (key for key in keys if key.startswith(prefix) and key > after):
            folder, cut, _ = key[len(prefix) :].partition("/")
            if delimiter and cut:
                folders.append(f"{prefix}{folder}/")
            else:
                found.append(key)
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><ETag>{escape(etag(data))}</ETag>"
            f"<LastModified>{datetime.fromtimestamp(place, UTC):%FT%TZ}</LastModified>"
            f"<Size>{len(data)}</Size></Contents>"
            for key in found
            for data in [(root / key).read_bytes()]
        )
        common = "".join(
            f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>"
            for folder in dict.fromkeys(folders)
        )
        body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{contents}{common}"
        return (body + "</ListBucketResult>").encode()

    def do_HEAD(self) -> None:
        self.do_GET()

    def answer(self, status: int, body: bytes, told: Mapping[str, str] = NOTHING) -> None:
        self.send_response(status)
        for name, value in told.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: pytest shows what matters."""


def etag(data: bytes) -> str:
    """Give the ETag of an object that was put whole."""
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    print(server.server_port, flush=True)
    server.serve_forever()

"""S3 and Glue over a folder, in a process of its own, telling what was asked of them.

`python stub.py FOLDER` prints its port. Buckets are folders; `/asked` tells the prefixes listed and
the bytes sent of each key since it was last asked.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

ROOT = Path(sys.argv[1])
listed: list[str] = []
sent: dict[str, int] = {}


class Stub(BaseHTTPRequestHandler):
    """Just what reading a table takes: list, get a range, and the tables of a database."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        path = unquote(url.path).strip("/")
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if path == "asked":
            self.answer(200, json.dumps({"listed": listed, "sent": sent}).encode())
            listed.clear()
            sent.clear()
        elif "list-type" in query:
            names = ("prefix", "delimiter", "start-after")
            self.answer(200, self.keys(path, *(query.get(name, "") for name in names)))
        elif not (ROOT / path).is_file():
            self.answer(404, b"")
        else:
            data = (ROOT / path).read_bytes()
            span = self.headers.get("Range", "bytes=0-").removeprefix("bytes=")
            first, _, last = span.partition("-")
            part = data[int(first) : int(last) + 1 if last else None]
            sent[path] = sent.get(path, 0) + len(part)
            self.answer(206, part)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(200, (ROOT / "tables.json").read_bytes())

    def keys(self, bucket: str, prefix: str, delimiter: str, after: str) -> bytes:
        listed.append(prefix)
        keys = [
            path.relative_to(ROOT / bucket).as_posix()
            for path in sorted((ROOT / bucket).rglob("*"))
            if path.is_file()
        ]
        found, folders = [], []
        for key in (key for key in keys if key.startswith(prefix) and key > after):
            folder, cut, _ = key[len(prefix) :].partition("/")
            if delimiter and cut:
                folders.append(f"{prefix}{folder}/")
            else:
                found.append(key)
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><ETag>{key}</ETag>"
            "<LastModified>2026-03-01T00:00:00.000Z</LastModified>"
            f"<Size>{(ROOT / bucket / key).stat().st_size}</Size></Contents>"
            for key in found
        )
        common = "".join(
            f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>"
            for folder in dict.fromkeys(folders)
        )
        body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{contents}{common}"
        return (body + "</ListBucketResult>").encode()

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: pytest shows what matters."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    print(server.server_port, flush=True)
    server.serve_forever()

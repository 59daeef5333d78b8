"""Serves the site of the local stage on this machine alone: objects of S3, as CloudFront would.

Run as `python -m infra.local.site.server PORT`, with the stage's home in LAKE_HOME.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from infra.local import ports
from infra.local.site import distribution
from infra.local.site.distribution import Distribution
from infra.stage import open_stage


class Object(msgspec.Struct, frozen=True):
    """An object of a bucket; `status` is S3's, with an empty body where it gives none."""

    status: int
    body: bytes = b""
    content_type: str = "application/octet-stream"
    cache_control: str = ""
    etag: str = ""


Read = Callable[[str, str], Object]
"""Bucket and key -> what S3 gives."""


def reader(s3: Any) -> Read:
    """Read from S3; raises what keeps it from answering, not that an object is not there."""

    def read(bucket: str, key: str) -> Object:
        try:
            told = s3.get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status >= 500:
                raise
            return Object(status)
        return Object(
            200,
            told["Body"].read(),
            told.get("ContentType", ""),
            told.get("CacheControl", ""),
            told["ETag"],
        )

    return read


class Server(ThreadingHTTPServer):
    """Answers GET and HEAD of a distribution's paths, and nothing else."""

    def __init__(self, port: int, site: Distribution, read: Read) -> None:
        super().__init__((ports.HOST, port), _Handler)
        self.site = site
        self.read = read


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "lake"
    sys_version = ""
    timeout = 60

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        site = self.server.site
        behavior = site.behavior(path)
        try:
            # A key is no path: whatever S3 makes of `..`, here it leads nowhere.
            leads = ".." not in path.split("/")
            key = path.removeprefix("/") or site.root
            found = self.server.read(behavior.bucket, key) if leads else Object(404)
            status = found.status
            if found.status in site.errors:
                status, page = site.errors[found.status]
                found = self.server.read(site.behavior(page).bucket, page.removeprefix("/"))
        except (BotoCoreError, ClientError) as error:
            self.log_error("%s", error)
            self._answer(502, Object(502, b"The stage does not answer.", "text/plain"), {})
            return
        self._answer(status, found, behavior.headers)

    do_HEAD = do_GET

    def _answer(self, status: int, found: Object, headers: dict[str, str]) -> None:
        same = status == 200 and found.etag and self.headers.get("If-None-Match") == found.etag
        self.send_response(HTTPStatus.NOT_MODIFIED if same else status)
        for name, value in headers.items():
            self.send_header(name, value)
        for name, value in (("ETag", found.etag), ("Cache-Control", found.cache_control)):
            if value:
                self.send_header(name, value)
        if not same:
            self.send_header("Content-Type", found.content_type)
            self.send_header("Content-Length", str(len(found.body)))
        self.end_headers()
        if not same and self.command != "HEAD":
            self.wfile.write(found.body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing of what went well."""


def main() -> None:
    """Serve the local stage's site until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    stage = open_stage("local")
    site = distribution.read(stage.client("cloudfront"), stage.outputs.site_distribution)
    s3 = stage.client("s3", max_pool_connections=32, read_timeout=10)
    with Server(int(sys.argv[1]), site, reader(s3)) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()

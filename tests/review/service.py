"""moto's models as a server, which tells of each request what breaks the service's model."""

from __future__ import annotations

import io
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from moto.awslambda.models import LambdaBackend
from moto.core.request import Request
from moto.iam.access_control import PermissionResult
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.s3.models import FakeBucket
from werkzeug.serving import make_server

from tests.review import asked, limits

CONDITIONS = ("ConditionalCheckFailed", "PreconditionFailed", "ConditionalRequestConflict")
"""What a service says where a condition of a write does not hold, which is what it is for."""

Found = Counter[tuple[str, str]]
"""Findings: an operation, and what is wrong with it."""


class Front:
    """Reads each request before moto does."""

    def __init__(self) -> None:
        self._moto: Any = DomainDispatcherApplication(create_backend_app)
        self.asked: Counter[str] = Counter()
        self.broken: Found = Counter()
        self.refused: Found = Counter()
        self.conditional: Counter[str] = Counter()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        """Answer as moto does, and keep what is wrong in mind."""
        size = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(size) if size else b""
        told: list[str] = []

        def started(status: str, headers: Any, *more: Any) -> Any:
            told.append(status)
            return start(status, headers, *more)

        environ["wsgi.input"] = io.BytesIO(body)
        read = Request(environ | {"wsgi.input": io.BytesIO(body)})
        answer = b"".join(self._moto(environ, started))
        try:
            one = asked.read(read)
        except LookupError as error:
            self.broken["?", str(error)] += 1
            return [answer]
        if one:
            self.asked[one.name] += 1
            for wrong in limits.broken(one.shape, one.given) if one.shape else ():
                self.broken[one.name, wrong] += 1
            looks = one.name.partition(":")[2].startswith(("Get", "Head", "List", "Describe"))
            if told[-1][0] in "45" and not looks:
                said = answer.decode(errors="replace")
                if any(condition in said for condition in CONDITIONS):
                    self.conditional[one.name] += 1
                else:
                    self.refused[one.name, said[:200]] += 1
        return [answer]


@contextmanager
def serving() -> Iterator[tuple[str, Front]]:
    """Serve on a free port of this machine; gives the address, and what is found."""
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    # moto takes a Deny for one whatever its condition, and ours is on requests without TLS.
    FakeBucket.get_permission = lambda *asked: PermissionResult.NEUTRAL
    # Nor are functions run in Docker: the handlers are run here.
    LambdaBackend.send_kinesis_message = lambda *given, **told: None
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    front = Front()
    server = make_server("127.0.0.1", 0, front, True, request_handler=MotoRequestHandler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", front
    finally:
        server.shutdown()

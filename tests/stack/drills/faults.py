"""Faults between us and the services of the stage, as a client's own attempts meet them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError
from botocore.httpsession import URLLib3Session

Fate = Literal["goes", "answer lost", "refused"]
"""What becomes of a call: it is as any other; the service does it, and the answer is lost; or the
service refuses it for want of capacity."""


class Told:
    """The body of an answer."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self, **_: Any) -> Iterator[bytes]:
        """Give it in pieces."""
        yield self.body


def refusal(request: AWSRequest) -> AWSResponse:
    """Give what a service answers that has no capacity left."""
    body = b'{"__type":"ProvisionedThroughputExceededException","message":"Rate exceeded."}'
    return AWSResponse(request.url, 400, {}, Told(body))


@contextmanager
def fated(client: Any, operation: str, fates: list[Fate]) -> Iterator[list[Fate]]:
    """Have the next calls of an operation, each attempt of a client's, meet their fates in turn;
    gives those that are left."""
    event = f"before-send.{client.meta.service_model.service_id.hyphenize()}.{operation}"

    def meet(request: Any, **_: Any) -> AWSResponse | None:
        fate = fates.pop(0) if fates else "goes"
        if fate == "refused":
            return refusal(request)
        if fate == "answer lost":
            session = URLLib3Session()
            session.send(request)
            session.close()
            raise ConnectionClosedError(endpoint_url=request.url)
        return None

    client.meta.events.register(event, meet)
    try:
        yield fates
    finally:
        client.meta.events.unregister(event, meet)

"""A smoke test of a stage: a few likes through every door, and found at every place behind it.

They are of one film, whose id begins with `smoke-`, and of the user `smoke`. What they leave in the
lake stays there: a step that forgets them again has its place at the end of `STEPS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep
from typing import Any, NamedTuple, Protocol
from uuid import uuid4

import msgspec

from infra.cli.answers import message
from infra.cli.steps import Steps
from infra.stage import Stage, counts, invoke

USER = "smoke"
PATIENCE_S = 900
"""Longest wait for one step: in prod, Firehose gathers for 90 s and then for 300."""
_PAUSE_S = 2.0
_CLOSED = {401, 403}


class SmokeError(Exception):
    """A step did not find what it looks for; the message says what it found."""


class Ask(Protocol):
    """Asks the lake, as `queries.run` does with a connection."""

    def __call__(self, question: str, /, **parameters: Any) -> Any: ...


class Step(NamedTuple):
    """What came of a step, and how many seconds it took."""

    step: str
    ok: bool
    seconds: float
    detail: str


class Run:
    """One smoke test: its film, and how many likes of it were taken."""

    def __init__(self, stage: Stage, ask: Ask, patience_s: float = PATIENCE_S) -> None:
        self.stage, self._ask, self._patience_s = stage, ask, patience_s
        self.film = f"smoke-{uuid4().hex[:12]}"
        self.began = datetime.now(UTC)
        self.sent = 0

    def http(self) -> str:
        """Post two likes in one request; a door that is closed to strangers is well, too."""
        import urllib3

        answer = urllib3.request(
            "POST",
            f"{self.stage.outputs.api_url}/likes",
            body=b"[" + self._like() + b"," + self._like() + b"]",
            headers={"Content-Type": "application/json"},
            timeout=30,
            retries=False,
        )
        if answer.status in _CLOSED:
            return f"closed to strangers ({answer.status})"
        if answer.status != 202:
            raise SmokeError(f"answered {answer.status}: {message(answer.data)}")
        self.sent += 2
        return "2 likes"

    def bus(self) -> str:
        """Announce a like on the event bus."""
        entry = {
            "EventBusName": self.stage.outputs.event_bus,
            "Source": "lake.smoke",
            "DetailType": "MovieLiked",
            "Detail": self._like().decode(),
        }
        answer = self.stage.client("events").put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            raise SmokeError(f"refused: {answer['Entries'][0]}")
        self.sent += 1
        return "1 like"

    def stream(self) -> str:
        """Put two likes on the stream as one record, as a producer of its own would."""
        self.stage.client("kinesis").put_record(
            StreamName=self.stage.outputs.stream_name,
            Data=self._like() + b"\n" + self._like(),
            PartitionKey=self.film,
        )
        self.sent += 2
        return "2 likes"

    def counted(self) -> str:
        """Find each like counted once."""
        return self._until(lambda: counts(self.stage, [self.film])[self.film])

    def archived(self) -> str:
        """Find each like among the raw rows, on the day it arrived or the next."""
        days = [f"{self.began + timedelta(days=more):%Y-%m-%d}" for more in (0, 1)]
        question = (
            "SELECT count(DISTINCT event_id) AS likes FROM likes_raw WHERE movie_id = :film"
            " AND arrival_day IN (:first, :second)"
        )
        return self._until(lambda: self._asked(question, first=days[0], second=days[1]))

    def compacted(self) -> str:
        """Have CompactLake run, and find each like in the lake once, by Athena."""
        question = (
            "SELECT count(*) AS likes FROM likes WHERE movie_id = :film"
            " AND day IN (:first, :second)"
        )
        days = [f"{self.began + timedelta(days=more):%Y-%m-%d}" for more in (0, 1)]

        def found() -> int:
            invoke(self.stage, "compact", {})
            return self._asked(question, first=days[0], second=days[1])

        return self._until(found)

    def reported(self) -> str:
        """Have the report of yesterday made, or found to be true still."""
        yesterday = f"{self.began - timedelta(days=1):%Y-%m-%d}"
        [made] = invoke(self.stage, "report", {"day": yesterday})
        return f"{made['name']}: {made['outcome']}"

    def _like(self) -> bytes:
        return msgspec.json.encode(
            {"movie_id": self.film, "event_id": uuid4().hex, "user_id": USER, "source": "smoke"}
        )

    def _asked(self, question: str, **parameters: str) -> int:
        return int(self._ask(question, film=self.film, **parameters)["likes"][0])

    def _until(self, find: Callable[[], int]) -> str:
        """Look until all that was sent is found; more is found of what was doubled."""
        until = monotonic() + self._patience_s
        while (found := find()) < self.sent:
            if monotonic() > until:
                raise SmokeError(f"{found} of {self.sent} likes after {self._patience_s:.0f} s")
            sleep(_PAUSE_S)
        if found > self.sent:
            raise SmokeError(f"{found} likes, where {self.sent} were sent")
        return f"{found} likes"


STEPS: tuple[tuple[str, Callable[[Run], str]], ...] = (
    ("HTTP API", Run.http),
    ("event bus", Run.bus),
    ("stream", Run.stream),
    ("counted", Run.counted),
    ("archived", Run.archived),
    ("compacted and asked", Run.compacted),
    ("reported", Run.reported),
)


def smoke(run: Run, steps: Steps, without: tuple[str, ...] = ()) -> Iterator[Step]:
    """Take each step but those `without`; the first that fails is the last."""
    from botocore.exceptions import BotoCoreError, ClientError
    from urllib3.exceptions import HTTPError

    from infra.stage import FunctionError

    for name, take in STEPS:
        if name in without:
            continue
        began = monotonic()
        try:
            with steps.step(f"Smoke: {name}") as tell:
                detail = take(run)
                tell(detail)
        except (SmokeError, FunctionError, BotoCoreError, ClientError, HTTPError) as error:
            yield Step(name, False, round(monotonic() - began, 1), str(error))
            return
        yield Step(name, True, round(monotonic() - began, 1), detail)

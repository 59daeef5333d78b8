"""A smoke test of a stage: a few likes through every door, and found at every place behind it.

They are of one film and one user, whose ids begin with `smoke-`. The last step forgets the user;
the likes stay, anonymous.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep
from typing import Any, NamedTuple, Protocol
from uuid import uuid4

import msgspec

from infra.cli.answers import message
from infra.cli.steps import Steps
from infra.cli.traffic.writers import Headers, stranger
from infra.stage import Stage, counts, invoke

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
    """One smoke test: its film, its user, and how many likes were taken.

    `headers` says who sends to the HTTP API; None is a stranger.
    """

    def __init__(
        self,
        stage: Stage,
        ask: Ask,
        patience_s: float = PATIENCE_S,
        headers: Headers | None = None,
    ) -> None:
        self.stage, self._ask, self._patience_s = stage, ask, patience_s
        self._headers = headers
        self.film = f"smoke-{uuid4().hex[:12]}"
        self.user = f"smoke-{uuid4().hex[:12]}"
        self.began = datetime.now(UTC)
        self.sent = 0

    def http(self) -> str:
        """Post two likes in one request; where not everybody may, a stranger is to be refused."""
        closed = ""
        if self.stage.outputs.writers != "open":
            status, body = self._post(stranger)
            if status not in _CLOSED:
                raise SmokeError(f"answered a stranger {status}: {message(body)}")
            closed = f"closed to strangers ({status})"
            if self._headers is None:
                return closed
        status, body = self._post(self._headers or stranger)
        if status != 202:
            raise SmokeError(f"answered {status}: {message(body)}")
        self.sent += 2
        return "2 likes" + (f", {closed}" if closed else "")

    def _post(self, headers: Headers) -> tuple[int, bytes]:
        import urllib3

        url = f"{self.stage.outputs.api_url}/likes"
        body = b"[" + self._like() + b"," + self._like() + b"]"
        answer = urllib3.request(
            "POST", url, body=body, headers=headers(url, body), timeout=30, retries=False
        )
        return answer.status, answer.data

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

    def forgotten(self) -> str:
        """Forget the user as `lake forget` does, find nothing more, and lift the tombstone.

        The likes stay, so that counts and lake agree. It searches the whole lake.
        """
        from infra.cli.forget import command
        from infra.cli.forget.search import Restless
        from transform.aws import forgotten, lake_writer
        from transform.aws.buckets import Forbidden
        from transform.lake.errors import NoRoom

        try:
            done, _ = command.forget(self.stage, [self.user])
        except (Forbidden, NoRoom, Restless, lake_writer.Contended) as error:
            raise SmokeError(str(error)) from error
        except (forgotten.Contended, forgotten.KeyLost) as error:
            raise SmokeError(str(error)) from error
        if done.stays:
            raise SmokeError(f"the user's id stays: {done.places}")
        for table in ("likes", "likes_raw"):
            left = self._asked(
                f"SELECT count(*) AS likes FROM {table} WHERE movie_id = :film"
                " AND user_id LIKE 'smoke-%'"
            )
            if left:
                raise SmokeError(f"{left} likes in {table} still name the user")
        command.lift(self.stage, [self.user])
        held = sum(place.held for place in done.places)
        return f"1 user, in {held} of {sum(place.searched for place in done.places)} places"

    def _like(self) -> bytes:
        return msgspec.json.encode(
            {
                "movie_id": self.film,
                "event_id": uuid4().hex,
                "user_id": self.user,
                "source": "smoke",
            }
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
    ("forgotten again", Run.forgotten),
)


def smoke(run: Run, steps: Steps, without: Collection[str] = ()) -> Iterator[Step]:
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

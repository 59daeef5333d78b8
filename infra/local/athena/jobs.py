"""What the emulator asks of the process that runs queries, and what that answers: JSON lines."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec


class Caller(msgspec.Struct, frozen=True):
    """Whoever made a request: what Athena does for them is done with their own credentials."""

    access_key: str
    secret_key: str
    token: str | None
    account: str
    region: str


class Run(msgspec.Struct, frozen=True, tag=True):
    """Run a statement and write its result to `output`, an `s3://` address.

    `folder` is where results lie, with its closing slash; `most_bytes` is what it may scan.
    """

    id: int
    caller: Caller
    query: str
    sql: str
    database: str
    folder: str
    output: str
    enforced: bool = False
    most_bytes: int | None = None


class Page(msgspec.Struct, frozen=True, tag=True):
    """Read a page of a result: up to `rows` rows from the byte `start`, None for the first."""

    id: int
    caller: Caller
    output: str
    start: int | None
    rows: int


class Ask(msgspec.Struct, frozen=True, tag=True):
    """Ask the catalog, in the words of Athena's API."""

    id: int
    caller: Caller
    action: str
    request: dict[str, Any]


class Stop(msgspec.Struct, frozen=True, tag=True):
    """End the run of that id; it is answered as a run that failed."""

    id: int


class Ran(msgspec.Struct, frozen=True, tag=True):
    """A run ended well: bytes scanned, milliseconds until the first row could be read, rows that a
    statement wrote, and the address of the list of the files that it wrote."""

    id: int
    scanned: int = 0
    planning_ms: int = 0
    written: int = 0
    manifest: str | None = None


class Failed(msgspec.Struct, frozen=True, tag=True):
    """A run ended without a result; `ours` where it was not the statement's fault."""

    id: int
    reason: str
    cancelled: bool = False
    ours: bool = False
    scanned: int = 0


class Answered(msgspec.Struct, frozen=True, tag=True):
    """What was asked for, as Athena's API tells it."""

    id: int
    answer: dict[str, Any]


class Refused(msgspec.Struct, frozen=True, tag=True):
    """Why it is not answered: the name and the message of Athena's error."""

    id: int
    error: str
    message: str


Job: TypeAlias = Run | Page | Ask | Stop
Report: TypeAlias = Ran | Failed | Answered | Refused
jobs = msgspec.json.Decoder(Job)
reports = msgspec.json.Decoder(Report)


def line(message: Job | Report) -> bytes:
    """A message as a line."""
    return msgspec.json.encode(message) + b"\n"

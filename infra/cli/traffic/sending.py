"""Sending a file as people do it: a progress bar, refused lines named, failed lines kept."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, BinaryIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from infra.cli.traffic import send as sender
from infra.cli.traffic.lines import Item, Refused, bounded
from infra.cli.traffic.writers import Headers


class Kept:
    """The lines that failed, in a file that appears only if there are any, and then whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._part = path.with_name(path.name + ".part")
        self._file: IO[bytes] | None = None

    def add(self, item: Item) -> None:
        """Keep a line as it was sent, event id and all."""
        if self._file is None:
            self._file = self._part.open("wb")
        self._file.write(item.data + b"\n")

    def close(self) -> Path | None:
        """Give the file, or None where nothing failed."""
        if self._file is None:
            return None
        self._file.close()
        self._part.replace(self.path)
        return self.path


def send_file(
    file: str,
    url: str,
    *,
    headers: Headers,
    batch: int,
    workers: int,
    console: Console | None = None,
) -> tuple[sender.Sent, Path | None]:
    """Send a file, or stdin for `-`; gives what became of it and where failed lines are kept.

    They stand beside the file as `FILE.failed.jsonl` (for stdin `stdin.failed.jsonl`, here).
    """
    console = console or Console(stderr=True)
    name = Path("stdin" if file == "-" else file)
    kept = Kept(name.with_name(name.name + ".failed.jsonl"))
    causes: set[str] = set()

    def refused(line: Refused) -> None:
        _say(console, f"line {line.line}: {line.reason}: {line.detail}")

    def failed(item: Item, why: str) -> None:
        kept.add(item)
        if why not in causes:
            causes.add(why)
            _say(console, f"line {item.line} and others were not taken: {why}")

    with ExitStack() as stack:
        stack.callback(kept.close)
        source = stack.enter_context(_opened(file))
        bar = stack.enter_context(_bar(console))
        task = bar.add_task("sending", total=_size(source), settled=0)

        def progress(done: sender.Progress) -> None:
            bar.update(task, completed=done.bytes_read, settled=done.settled)

        sent = sender.send(
            bounded(source, sender.MAX_BYTES),
            url,
            headers=headers,
            batch=batch,
            workers=workers,
            refused=refused,
            failed=failed,
            progress=progress,
        )
    return sent, kept.path if sent.failed else None


def told(sent: sender.Sent) -> str:
    """Say what became of the lines."""
    refused = sum(sent.refused.values())
    again = f"{sent.repeated} of an event id sent with it, " if sent.repeated else ""
    return (
        f"{sent.lines} lines: {sent.accepted} accepted, {again}{refused} refused, "
        f"{sent.failed} failed; "
        f"{sent.requests} requests, {sent.retries} of them repeated, {sent.seconds:.1f} s"
    )


def fields(sent: sender.Sent, kept: Path | None) -> dict[str, object]:
    """Give the same for programs; `kept` is where the failed lines are."""
    refused = sum(sent.refused.values())
    return asdict(sent) | {"refused": refused, "reasons": sent.refused, "kept": kept}


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
    else:
        with open(file, "rb") as source:
            yield source


def _size(source: BinaryIO) -> int | None:
    """Bytes of a regular file; a pipe has no end that is known."""
    try:
        return os.fstat(source.fileno()).st_size or None
    except OSError:
        return None


def _bar(console: Console) -> Progress:
    return Progress(
        BarColumn(),
        TextColumn("{task.fields[settled]:,} lines"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)

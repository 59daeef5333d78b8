"""What is no object of the lake: tables of DynamoDB, Athena's memory of queries, files here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from infra.cli.forget.certificate import Place
from infra.stage import Stage
from transform.lake import erased_files
from transform.lake.erasure import Texts

HISTORY_DAYS = 45
"""How long Athena remembers a query:
https://docs.aws.amazon.com/athena/latest/ug/queries-viewing-history.html"""
_MESSAGES, _UNSEEN_S = 10, 300
"""Messages that are received at a time, and for how long nobody else sees those that were."""
_QUERIES = 50  # of one BatchGetQueryExecution (Athena API Reference)
TYPED = "sql_history"
"""What was typed at the prompt of `lake sql`, which is rewritten; of others' files nothing is."""
_SEARCHED = {".log", ".json", ".html", ".csv"}


def items(stage: Stage, texts: Texts) -> Iterator[Place]:
    """Search the items of the tables, which know films and sums, and nobody."""
    client = stage.client("dynamodb")
    for name in (stage.outputs.counts_table, stage.outputs.trends_table):
        place = Place(name)
        for page in client.get_paginator("scan").paginate(TableName=name):
            for item in page["Items"]:
                data = b"\n".join(_leaves(item))
                place.searched += 1
                place.bytes += len(data)
                if texts.may_be_in(data) and texts.cleaned(data) != data:
                    place.held += 1
                    place.stays["items"] = place.stays.get("items", 0) + 1
        yield place


def _leaves(value: object) -> Iterator[bytes]:
    """Give all names and values of an item."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield str(name).encode()
            yield from _leaves(inner)
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value if isinstance(value, bytes) else str(value).encode()


def dead_letters(stage: Stage, texts: Texts, dry_run: bool) -> Place:
    """Search the messages of dead-letter queues, of which a bus event tells who liked; one with an
    id is put there anew without it. A message that somebody else is reading is not seen."""
    client = stage.client("sqs")
    place = Place("dead letters")
    pages = client.get_paginator("list_queues").paginate()
    for url in (url for page in pages for url in page.get("QueueUrls", ())):
        if url.endswith(f"-{stage.name}-dead-letters"):
            _search_queue(client, url, texts, dry_run, place)
    return place


def _search_queue(client: Any, url: str, texts: Texts, dry_run: bool, place: Place) -> None:
    seen: list[str] = []
    while found := client.receive_message(
        QueueUrl=url, MaxNumberOfMessages=_MESSAGES, VisibilityTimeout=_UNSEEN_S
    ).get("Messages"):
        for one in found:
            body = str(one["Body"]).encode()
            place.searched += 1
            place.bytes += len(body)
            without = texts.cleaned(body) if texts.may_be_in(body) else body
            place.held += without != body
            place.rewritten += without != body
            if without == body or dry_run:
                seen.append(one["ReceiptHandle"])
                continue
            client.send_message(QueueUrl=url, MessageBody=without.decode())
            client.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    for receipt in seen:
        client.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=0)


def queries(stage: Stage, texts: Texts) -> str | None:
    """Say that Athena remembers queries that name an id, and until when; None where it does not.

    Nobody can take a query out of that but by waiting.
    """
    client = stage.client("athena")
    named, last = 0, datetime.fromtimestamp(0, UTC)
    pages = client.get_paginator("list_query_executions")
    for page in pages.paginate(WorkGroup=stage.outputs.athena_workgroup):
        ids = page["QueryExecutionIds"]
        for first in range(0, len(ids), _QUERIES):
            answer = client.batch_get_query_execution(
                QueryExecutionIds=ids[first : first + _QUERIES]
            )
            for one in answer["QueryExecutions"]:
                told = [one.get("Query", ""), *one.get("ExecutionParameters", [])]
                data = "\n".join(told).encode()
                if texts.may_be_in(data) and texts.cleaned(data) != data:
                    named += 1
                    last = max(last, one["Status"]["SubmissionDateTime"])
    if not named:
        return None
    until = last + timedelta(days=HISTORY_DAYS)
    return (
        f"Athena remembers {named} {'query that names' if named == 1 else 'queries that name'} "
        f"them, until {until:%Y-%m-%d}; nobody can change that."
    )


def files(home: Path, texts: Texts, dry_run: bool) -> Place:
    """Search what the local stage keeps beside the emulator's own data: logs, what was typed at
    the prompt, reports that were opened."""
    place = Place(f"{home.name}/")
    for path in sorted(_files(home)):
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            continue
        place.searched += 1
        place.bytes += len(data)
        lines = data.splitlines(keepends=True)
        without = [erased_files.cleaned_line(line, texts) for line in lines]
        changed = sum(a != b for a, b in zip(lines, without, strict=True))
        if not changed:
            continue
        place.held += 1
        place.rows += changed
        if path.name != TYPED:
            place.stays[path.name] = changed
            continue
        place.rewritten += 1
        if not dry_run:
            _replace(path, b"".join(without))
    return place


def _files(home: Path) -> Iterator[Path]:
    for path in (*home.glob("*"), *home.glob("reports/**/*")):
        if path.is_file() and (path.suffix in _SEARCHED or path.name == TYPED):
            yield path


def _replace(path: Path, data: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(data)
    os.replace(part, path)

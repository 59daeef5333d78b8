"""The emulator's program: MiniStack, with what it does otherwise than AWS set right.

Firehose delivers as AWS's does, and beside the event loop, not on it (`infra/local/delivery.py`).

A permission that is added again as it stands is no conflict here. Where the answer to the first
request was lost, Terraform's provider repeats it, and would wait five minutes for the conflict to
pass, which it never does.

The key of an object may end with a slash, as that of the index of reports does. MiniStack asks its
policies about the key without it, and so refuses what `reports/*` allows.

One alias of a function is read, changed and deleted by rights of its own, as on AWS; MiniStack asks
for that to list them all.

What expires of the stream takes nothing unread with it, and sequence numbers only rise
(`infra/local/stream_positions.py`).

Athena's queries run on our engine, in a process of its own (`infra/local/athena`): MiniStack would
give DuckDB Athena's SQL as it is.

Requests that come as gzip or deflate are unpacked, as API Gateway does by itself
(`compressed_requests`).

Glue tells the versions of a table, of which there is one (`table_versions`).

Firehose makes Parquet by Arrow, not by a DuckDB a record (`conversion`).

Run by path with `python -P`, wherever the emulator keeps its things.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any


def main() -> None:
    """Serve until SIGTERM."""
    import hypercorn.asyncio
    from ministack import app
    from ministack.core import iam_actions
    from ministack.services import apigateway_v1, firehose, glue, lambda_svc

    from infra.local import compressed_requests, conversion, stream_positions, table_versions
    from infra.local.athena import emulated as athena
    from infra.local.delivery import Deliveries

    deliveries = Deliveries()
    serve = hypercorn.asyncio.serve

    add = lambda_svc._add_permission

    def add_once(name: str, data: dict[str, Any], *more: Any) -> Any:
        answer = add(name, data, *more)
        if answer[0] != 409:
            return answer
        statements = lambda_svc._functions[name]["policy"]["Statement"]
        [stands] = [one for one in statements if one.get("Sid") == data["StatementId"]]
        statements.remove(stands)
        again = add(name, data, *more)
        if statements[-1] == stands:
            return again
        statements[-1] = stands
        return answer

    extract = iam_actions.extract_resource_arn

    def extract_whole(service: str, method: str, path: str, *more: Any) -> str:
        found: str = extract(service, method, path, *more)
        is_key = service == "s3" and path.endswith("/") and "/" in found
        return f"{found}/" if is_key else found

    action = iam_actions._lambda_action

    def action_on_one(method: str, path: str) -> str | None:
        parts = path.strip("/").split("/")
        if len(parts) > 2 and parts[-2] == "aliases":
            return {"GET": "GetAlias", "PUT": "UpdateAlias", "DELETE": "DeleteAlias"}.get(method)
        listed: str | None = action(method, path)
        return listed

    async def told_to_end() -> None:
        told = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, told.set)
        await told.wait()
        # While requests are still answered, for deliveries make some.
        await asyncio.to_thread(deliveries.close)
        await queries.close()

    async def serve_until_told(application: Any, config: Any) -> None:
        await serve(application, config, shutdown_trigger=told_to_end)

    deliveries.install()
    stream_positions.install()
    lambda_svc._add_permission = add_once
    iam_actions.extract_resource_arn = extract_whole
    iam_actions._lambda_action = action_on_one
    compressed_requests.install(apigateway_v1)
    table_versions.install(glue)
    conversion.install(firehose, glue._tables)
    queries = athena.install(int(os.environ["GATEWAY_PORT"]))
    hypercorn.asyncio.serve = serve_until_told  # type: ignore[assignment]
    sys.argv = ["ministack"]
    app.main()


if __name__ == "__main__":
    main()

"""Versions of Glue's tables: the emulator keeps the last alone, and tells it as a version.

dbt asks for them, to delete old ones.
https://docs.aws.amazon.com/glue/latest/webapi/API_GetTableVersions.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_ACTION = "AWSGlue.GetTableVersions"


def install(glue: Any) -> None:
    """Have MiniStack's `glue` answer for the versions of a table."""
    handle = glue.handle_request

    async def handled(
        method: str, path: str, headers: Mapping[str, str], body: bytes, *more: Any
    ) -> Any:
        if headers.get("x-amz-target") != _ACTION:
            return await handle(method, path, headers, body, *more)
        request = json.loads(body)
        table = {"DatabaseName": request.get("DatabaseName"), "Name": request.get("TableName")}
        asked = {**headers, "x-amz-target": "AWSGlue.GetTable"}
        answer = await handle(method, path, asked, json.dumps(table).encode(), *more)
        status, told, found = answer
        if status != 200:
            return answer
        version = json.loads(found)["Table"]
        versions = [{"Table": version, "VersionId": version.get("VersionId", "1")}]
        return status, told, json.dumps({"TableVersions": versions}).encode()

    glue.handle_request = handled

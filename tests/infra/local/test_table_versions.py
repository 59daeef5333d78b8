"""The emulator tells the last version of a table, which is all that it keeps."""

import asyncio
import json
from types import SimpleNamespace

from infra.local import table_versions


def ask(action, request, status=200, table=None):
    """What Glue answers, and the action and request that MiniStack got."""
    got = []

    async def handle(method, path, headers, body, *more):
        got.append((headers["x-amz-target"], json.loads(body)))
        return status, {}, json.dumps({"Table": table}).encode()

    glue = SimpleNamespace(handle_request=handle)
    table_versions.install(glue)
    asked = glue.handle_request(
        "POST", "/", {"x-amz-target": f"AWSGlue.{action}"}, json.dumps(request).encode(), {}
    )
    status, _, body = asyncio.run(asked)
    return status, json.loads(body), got


def test_the_last_version_is_told():
    table = {"Name": "t", "VersionId": "3"}
    request = {"DatabaseName": "d", "TableName": "t"}
    status, told, got = ask("GetTableVersions", request, table=table)
    assert (status, told) == (200, {"TableVersions": [{"Table": table, "VersionId": "3"}]})
    assert got == [("AWSGlue.GetTable", {"DatabaseName": "d", "Name": "t"})]


def test_an_error_and_other_actions_are_as_they_were():
    assert ask("GetTableVersions", {}, status=400)[0] == 400
    assert ask("GetTable", {"Name": "t"})[2] == [("AWSGlue.GetTable", {"Name": "t"})]

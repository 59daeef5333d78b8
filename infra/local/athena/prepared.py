"""Prepared statements, by workgroup and name: what PREPARE, EXECUTE, DEALLOCATE and the API do.

https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from infra.local.athena import statements
from infra.local.athena.protocol import Request, ResourceNotFound
from infra.local.athena.statements import Statement

KINDS = ("PREPARE", "DEALLOCATE_PREPARE", "EXECUTE")
"""The kinds of statements that concern prepared ones."""


class PreparedStatements:
    """The statements that a store has by `workgroup/name`, as Athena tells them."""

    def __init__(self, store: dict[str, dict[str, Any]]) -> None:
        self._store = store

    def run(self, statement: Statement, workgroup: str, parameters: Sequence[str]) -> Statement:
        """PREPARE and DEALLOCATE done, EXECUTE as what it executes; `BadStatement` for values that
        do not fit."""
        name = statements.name(statement.parts["name"])
        if statement.kind == "EXECUTE":
            kept = self._get(workgroup, name)
            using = statement.part("rest")
            values = statements.literals(using) if using else parameters
            return statements.parse(statements.filled(kept["QueryStatement"], values))
        if statement.kind == "PREPARE":
            self._store[f"{workgroup}/{name}"] = {
                "StatementName": name,
                "WorkGroupName": workgroup,
                "QueryStatement": statement.parts["rest"],
                "Description": "",
                "LastModifiedTime": int(time.time()),
            }
        else:
            self._get(workgroup, name)
            del self._store[f"{workgroup}/{name}"]
        return statement

    async def update(self, headers: Mapping[str, str], request: Request) -> dict[str, Any]:
        """UpdatePreparedStatement."""
        kept = self._get(request.get("WorkGroup"), request.get("StatementName"))
        kept["QueryStatement"] = request.get("QueryStatement") or kept["QueryStatement"]
        kept["Description"] = request.get("Description", kept.get("Description", ""))
        kept["LastModifiedTime"] = int(time.time())
        return {}

    async def get_many(self, headers: Mapping[str, str], request: Request) -> dict[str, Any]:
        """BatchGetPreparedStatement."""
        found, missing = [], []
        for name in request.get("PreparedStatementNames") or []:
            try:
                found.append(self._get(request.get("WorkGroup"), name))
            except ResourceNotFound as error:
                missing.append(
                    {
                        "StatementName": name,
                        "ErrorCode": "STATEMENT_NOT_FOUND",
                        "ErrorMessage": str(error),
                    }
                )
        return {"PreparedStatements": found, "UnprocessedPreparedStatementNames": missing}

    def _get(self, workgroup: str | None, name: str | None) -> dict[str, Any]:
        found = self._store.get(f"{workgroup or 'primary'}/{name}")
        if found is None:
            raise ResourceNotFound(
                f"PreparedStatement {name} was not found in workGroup {workgroup}"
            )
        return found

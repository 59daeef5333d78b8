"""MiniStack's Athena, whose queries are answered by the service here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from infra.local.athena.jobs import Caller
from infra.local.athena.protocol import Response
from infra.local.athena.service import Service

# Actions of Athena that name no workgroup mean this one.
_DEFAULT = "primary"
_OF_WORKGROUP = frozenset(
    (
        "BatchGetPreparedStatement",
        "CreateNamedQuery",
        "CreatePreparedStatement",
        "DeletePreparedStatement",
        "GetPreparedStatement",
        "ListNamedQueries",
        "ListPreparedStatements",
        "ListQueryExecutions",
        "StartQueryExecution",
        "UpdatePreparedStatement",
    )
)


class Stores:
    """What MiniStack has for its Athena, and who makes the request at hand."""

    def __init__(self, athena: Any) -> None:
        self.executions = athena._executions
        self.workgroups = athena._workgroups
        self.prepared = athena._prepared_statements
        self.new_id = athena.new_uuid

    def caller(self, headers: Mapping[str, str]) -> Caller:
        """Whoever signed the request, with their secret: MiniStack made it, or has it set."""
        from ministack.core.iam_evaluator import resolve_credential
        from ministack.core.responses import get_account_id, get_region
        from ministack.core.router import extract_access_key_id

        found = resolve_credential(extract_access_key_id(headers, {}), get_account_id())
        return Caller(
            found.access_key_id,
            found.secret_access_key,
            found.session_token,
            found.account_id,
            get_region(),
        )

    def allowed(self, headers: Mapping[str, str], action: str, workgroup: str) -> bool:
        """Whether the caller's policies allow an action on a workgroup."""
        from ministack.core.iam_evaluator import enforce
        from ministack.core.responses import get_account_id, get_region
        from ministack.core.router import extract_access_key_id

        region = get_region()
        arn = _arn(f"workgroup/{workgroup}", region, get_account_id())
        key = extract_access_key_id(headers, {})
        return enforce(key, f"athena:{action}", "athena", region, resource_arn=arn) is None

    def resource(self, action: str, body: bytes, region: str, account: str) -> str | None:
        """The ARN that policies are asked about for a request; None where MiniStack's own will do.

        https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonathena.html
        """
        try:
            request = json.loads(body or b"{}")
        except ValueError:
            return None
        if not isinstance(request, dict):
            return None
        if catalog := request.get("CatalogName"):
            return _arn(f"datacatalog/{catalog}", region, account)
        query = request.get("QueryExecutionId")
        if isinstance(many := request.get("QueryExecutionIds"), list) and many:
            query = many[0]
        workgroup = (self.executions.get(query) or {}).get("WorkGroup") if query else None
        if workgroup is None and action in _OF_WORKGROUP:
            workgroup = request.get("WorkGroup") or _DEFAULT
        return _arn(f"workgroup/{workgroup}", region, account) if workgroup else None


def install(port: int) -> Service:
    """Let the service answer for MiniStack's Athena; it is closed before the emulator ends."""
    from ministack.core import iam_actions
    from ministack.services import athena

    stores = Stores(athena)
    service = Service(stores, f"http://127.0.0.1:{port}")
    handle, extract = athena.handle_request, iam_actions.extract_resource_arn

    async def handled(
        method: str, path: str, headers: Mapping[str, str], body: bytes, *more: Any
    ) -> Response:
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if not service.answers(action):
            found: Response = await handle(method, path, headers, body, *more)
            return found
        athena._ensure_default_workgroup()
        return await service.answer(action, headers, body)

    def extracted(
        name: str, method: str, path: str, headers: Mapping[str, str], body: bytes,
        parameters: Any, region: str, account: str,
    ) -> str:  # fmt: skip
        found: str | None = None
        if name == "athena":
            action = headers.get("x-amz-target", "").rpartition(".")[2]
            found = stores.resource(action, body, region, account)
        if found is None:
            found = extract(name, method, path, headers, body, parameters, region, account)
        return found

    athena.handle_request = handled
    iam_actions.extract_resource_arn = extracted
    return service


def _arn(resource: str, region: str, account: str) -> str:
    return f"arn:aws:athena:{region}:{account}:{resource}"

"""Which operation of which service a request is, and with what, read by botocore's models."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from botocore.loaders import Loader
from moto.core.model import ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request

SERVICES = {"monitoring": "cloudwatch"}
"""Services that sign by another name than their model's."""
_SIGNED = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")
_S3_PARTS = {
    *("accelerate", "acl", "cors", "encryption", "lifecycle", "list-type", "logging", "location"),
    *("object-lock", "ownershipControls", "policy", "policyStatus", "publicAccessBlock"),
    *("replication", "requestPayment", "tagging", "uploadId", "uploads", "versioning", "versions"),
    *("website", "delete", "notification"),
}
_LOADER = Loader()


class Asked(NamedTuple):
    """A request: its operation, the shape of its input, and what was given."""

    name: str
    shape: Any
    given: dict[str, Any]


class _Route(NamedTuple):
    operation: Any
    method: str
    path: re.Pattern[str]
    names: list[str]
    keys: dict[str, str]


def read(request: Request) -> Asked | None:
    """Read a request; None where it is not signed. Raises `LookupError` where no model knows it."""
    signed = _SIGNED.search(request.headers.get("Authorization", ""))
    if not signed:
        return None
    service = SERVICES.get(signed[1], signed[1])
    operation, uri = _operation(service, request)
    kind = request.content_type or ""
    protocol = operation.service_model.metadata["protocol"]
    if "x-amz-json" in kind:
        protocol = "json"
    elif kind.startswith("application/x-www-form-urlencoded"):
        protocol = "query"
    given = PROTOCOL_PARSERS[protocol](operation).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": uri,
        }
    )
    return Asked(f"{service}:{operation.name}", operation.input_shape, given)


def _operation(service: str, request: Request) -> tuple[Any, dict[str, str]]:
    model = _model(service)
    if target := request.headers.get("X-Amz-Target"):
        return model.operation_model(target.rpartition(".")[2]), {}
    if action := request.values.get("Action"):
        return model.operation_model(action), {}
    for route in _routes(service):
        found = route.path.fullmatch(request.path)
        if found and route.method == request.method and _fits(route, service, request):
            return route.operation, dict(zip(route.names, found.groups(), strict=True))
    raise LookupError(f"{service}: no operation is {request.method} {request.full_path}")


def _fits(route: _Route, service: str, request: Request) -> bool:
    """Whether the query of a request is that of the operation."""
    asked = request.args
    if any(
        key not in asked or (value and asked[key] != value) for key, value in route.keys.items()
    ):
        return False
    shape = route.operation.input_shape
    needed = {
        member.serialization.get("name", name)
        for name, member in (shape.members.items() if shape else ())
        if member.serialization.get("location") == "querystring" and name in shape.required_members
    }
    if not needed <= set(asked):
        return False
    if service != "s3":
        return True
    if "x-amz-copy-source" not in request.headers and "Copy" in route.operation.name:
        return False
    return not (_S3_PARTS & set(asked)) - set(route.keys) - needed


@cache
def _model(service: str) -> Any:
    return ServiceModel(_LOADER.load_service_model(service, "service-2"), service)


@cache
def _routes(service: str) -> list[_Route]:
    """The operations of a REST service by path, those that ask for most of it first."""
    found = []
    for name in _model(service).operation_names:
        operation = _model(service).operation_model(name)
        path, _, query = operation.http["requestUri"].partition("?")
        parts = re.split(r"\{([^}]+)\}", path)
        pattern = "".join(
            re.escape(part) if index % 2 == 0 else "(.+)" if part.endswith("+") else "([^/]+)"
            for index, part in enumerate(parts)
        )
        names = [part.rstrip("+") for part in parts[1::2]]
        keys = dict(parse_qsl(query, keep_blank_values=True))
        compiled = re.compile(pattern + "/?")
        found.append(_Route(operation, operation.http["method"], compiled, names, keys))
    return sorted(found, key=lambda one: (-len(one.keys), len(one.names), -len(one.path.pattern)))

"""What parliament and cloudsplaining say of each policy that a stage was applied with."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import parliament
from cloudsplaining.scan.policy_document import PolicyDocument

KEYS = ("policy", "assume_role_policy")
NAMED_OTHERWISE = {"s3", "apigateway", "apigatewayv2", "s3control", "cloudfront", "sts"}
"""Services whose actions have other names than their operations, or more than one."""
RISKS = (
    "allows_privilege_escalation",
    "permissions_management_without_constraints",
    "write_actions_without_constraints",
    "tagging_actions_without_constraints",
    "credentials_exposure",
    "service_wildcard",
    "allows_data_exfiltration_actions",
)
"""What cloudsplaining looks for, by the names of its attributes."""


def documents(state: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give each policy of a Terraform state (version 4) by its resource's address, and its JSON.

    A resource that has a policy of its own beside one that sets it, as `aws_sns_topic`, shows what
    the service gave it, and is left out.
    """
    for resource in state["resources"]:
        if resource["mode"] != "managed" or resource["type"] in {"aws_sns_topic", "aws_s3_bucket"}:
            continue
        module = resource.get("module", "").replace("module.pipeline", "").strip(".")
        for instance in resource["instances"]:
            for key in KEYS:
                text = instance["attributes"].get(key)
                if isinstance(text, str) and text.startswith("{"):
                    index = instance.get("index_key", "")
                    name = f"{resource['type']}.{resource['name']}"
                    yield ".".join(filter(None, (module, name, str(index), key))), text


def lacking(texts: Iterable[str], asked: Iterable[str]) -> Iterator[str]:
    """Give the operations, as `logs:PutMetricFilter`, that policies do not name, in small letters;
    of services whose actions are called as their operations are."""
    statements = [one for text in texts for one in json.loads(text)["Statement"]]
    allowed = [action for one in statements for action in _listed(one["Action"])]
    for operation in sorted(asked):
        service = operation.partition(":")[0].lower()
        if service not in NAMED_OTHERWISE and not any(
            fnmatchcase(operation.lower(), action.lower()) for action in allowed
        ):
            yield operation


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def findings(address: str, text: str, asked: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """Give what the two find in a policy: the finding, and of what.

    A wildcard of verbs, as `sns:Get*`, covers actions that take no resource, and does not allow
    them on named ones. That is a finding for what is `asked`, in small letters, and nowhere else
    in the policy.
    """
    trust = address.endswith("assume_role_policy")
    reviewed = parliament.analyze_policy_string(text, include_community_auditors=True)
    for found in reviewed.findings:
        if trust and "neither Resource nor NotResource" in str(found.detail):
            continue  # a role's trust is in the role itself: nothing else could be meant
        if found.issue == "RESOURCE_MISMATCH":
            wrong = {
                one["action"]
                for one in found.detail
                if one["required_format"] == "*" and one["action"].lower() in asked
            }
            if missing := sorted(action for action in wrong if f'"{action}"' not in text):
                yield f"parliament {found.issue}", ", ".join(missing)
            continue
        yield f"parliament {found.issue}", f"{found.detail} {found.location.get('string', '')}"
    if trust or '"Principal"' in text:  # cloudsplaining knows what identities may do alone
        return
    policy = PolicyDocument(json.loads(text))
    for risk in RISKS:
        if told := getattr(policy, risk):
            yield f"cloudsplaining {risk}", ", ".join(map(str, told))

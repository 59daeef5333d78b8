"""`make review`: a second opinion on what Terraform asks AWS for, and on the policies it makes.

`bootstrap` and `prod`, with what can be switched on, are applied to moto's models of the services;
but for a domain, of which moto has no certificate, and a budget, which it cannot tell of. Then each
handler runs once on what was made. Each request is held against botocore's model of its service:
lengths, ranges, patterns, names. Each policy is read by parliament and cloudsplaining, and each
type of resource is one that infra/README.md tells of. Exit code 1 if anything is found that has no
reason here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.review import policies, resources, service

ROOT = Path(__file__).parents[2]
STAGES = ("bootstrap", "prod")
OPTIONS = {
    "alarm_email": "alarms@example.org",
    "report_email": "reports@example.org",
    "customer_key": "true",
    "traced": "true",
    "reports_for": "everybody",
    "writers": '{"mode":"api_key","keys":["shop"]}',
    "cors_origins": '["https://shop.example"]',
    "producers": '["arn:aws:iam::210987654321:root"]',
    "people": json.dumps(
        {
            who: [f"arn:aws:iam::123456789012:role/{who}s"]
            for who in ("analyst", "mender", "operator", "producer")
        }
    ),
    "repository": "example/movie-likes",
}
REASONS = {
    ("kinesis:DescribeStreamConsumer", "'arn:aws:kinesis"): "moto leaves the time out of the ARN",
    ("s3:PutBucketLifecycle", "Prefix is missing"): "the older of two operations of one address",
    ("cloudfront:Create", "404"): "moto has neither cache nor header policies",
    ("lambda:CreateEventSourceMapping", "Invalid EventSourceArn"): "moto has none on a consumer",
    ("s3:GetObject", ".ChecksumMode: 'enabled'"): "AWS's SDK for C++ writes it so",
    ("prod: aws_kms_key.likes", ""): "in the policy of a key, * is the key",
    ("bootstrap: aws_iam_role.deployer", "token.actions"): "GitHub's is not among those it knows",
    ("bootstrap: aws_iam_role_policy.deployer", "kinesis:Tag*"): "newer than its list of actions",
}
"""Findings by the beginning of what they are of and a part of their text, and why each is well."""

Finding = tuple[str, str]
DEPLOYER = "bootstrap: aws_iam_role_policy."
"""The addresses of the policies of who deploys prod."""
HANDLED = re.compile(r'\{"handler": ')
"""A line that tells of a handler, among those of their logs."""


def main() -> int:
    """Apply the stages to moto, and print what is found."""
    with TemporaryDirectory() as home, service.serving() as (endpoint, front):
        environment = _environment(endpoint, home)
        found: Counter[Finding] = Counter()
        documents: dict[str, str] = {}
        for stage in STAGES:
            before = Counter(front.asked)
            print(f"Applying {stage} to moto ...", flush=True)
            _run([".venv/bin/lake", "apply", "--stage", stage, "--yes"], environment)
            state = json.loads(_run(_pull(stage), environment | _data(home, stage)))
            documents |= {f"{stage}: {at}": text for at, text in policies.documents(state)}
            found.update((f"{stage}: resources", one) for one in resources.untold(state))
            if stage == "prod":
                found.update(("alarms", one) for one in resources.unpaid(state))
        applied = {name.lower() for name in front.asked}
        deployer = [text for at, text in documents.items() if at.startswith(DEPLOYER)]
        asked = policies.lacking(deployer, front.asked - before)
        found.update(("the deployer lacks", operation) for operation in asked)
        print("Running the handlers on moto ...", flush=True)
        found.update(handled(endpoint, environment))
        found += front.broken + front.refused
        found += read(documents, applied)
        print(f"{front.asked.total()} requests of {len(front.asked)} operations,")
        for operation, number in sorted(front.conditional.items()):
            print(f"{number} of {operation} refused by their own condition, as they should be,")
        print(f"{len(documents)} policies.")
        return _told(found)


def handled(endpoint: str, environment: dict[str, str]) -> Iterator[Finding]:
    """Run each handler in the environment of the functions; gives what they do otherwise than on
    the emulator."""
    command = [".venv/bin/python", "-m", "tests.review.handlers", endpoint]
    told = {
        one["handler"]: one["otherwise"]
        for one in map(json.loads, filter(HANDLED.match, _run(command, environment).splitlines()))
    }
    for name in sorted(path.stem for path in (ROOT / "transform/handlers").glob("[a-z]*.py")):
        if otherwise := told.get(name, "did not run"):
            yield f"handler {name}", otherwise


def read(documents: Mapping[str, str], asked: Collection[str]) -> Counter[Finding]:
    """Give what is found in policies, by their address."""
    return Counter(
        (f"{address} {what}", of)
        for address, text in sorted(documents.items())
        for what, of in policies.findings(address, text, asked)
    )


def _told(found: Iterable[Finding]) -> int:
    """Print each finding with its reason; 1 where one has none, or a reason is of nothing."""
    used, bad = set(), 0
    for what, of in sorted(found):
        reason = next((key for key in REASONS if what.startswith(key[0]) and key[1] in of), None)
        used.add(reason)
        bad += reason is None
        print(f"{'NOT OK' if reason is None else 'ok'}: {what}: {' '.join(of.split())[:300]}")
        if reason:
            print(f"    {REASONS[reason]}")
    for key in REASONS.keys() - used:
        bad += 1
        print(f"NOT OK: nothing is found of {key} any more; take its reason away")
    return int(bool(bad))


def _environment(endpoint: str, home: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_VAR_", "LAKE_"))}
    return (
        kept
        | {f"TF_VAR_{name}": value for name, value in OPTIONS.items()}
        | {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_S3_USE_PATH_STYLE": "true",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
            "LAKE_HOME": home,
        }
    )


def _data(home: str, stage: str) -> dict[str, str]:
    return {"TF_DATA_DIR": f"{home}/terraform/{stage}"}


def _pull(stage: str) -> list[str]:
    return ["infra/bin/terraform", f"-chdir=infra/terraform/stages/{stage}", "state", "pull"]


def _run(command: list[str], environment: dict[str, str]) -> str:
    """Give what a command prints; an apply fails where moto has no model, which is a finding."""
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if ended.returncode:
        print(ended.stderr.strip().splitlines()[-1][:400])
    return ended.stdout


if __name__ == "__main__":
    sys.exit(main())

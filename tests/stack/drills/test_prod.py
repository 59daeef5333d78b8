"""`prod` on the emulator, by remote state and lock: see `prod.md`."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from infra.local import emulator, ports
from infra.paths import REPOSITORY
from infra.stage import ACCOUNT, REGION
from tests.examples import nightly

pytestmark = nightly

PAGE = Path(__file__).with_name("prod.md")
OPTIONS = {
    "alarm_email": "alarms@example.org",
    "fan_out": "false",  # the emulator has no mapping on a consumer
    "requests_per_address": "null",  # nor a log of a web ACL
    "people": json.dumps(
        {role: [f"arn:aws:iam::{ACCOUNT}:root"]
         for role in ("analyst", "mender", "operator", "producer")}
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Where the emulator and who deploys keep their things."""
    return tmp_path_factory.mktemp("account")


@pytest.fixture(scope="module")
def environment(home):
    """The environment of who deploys, with an emulator of its own for AWS."""
    process = emulator.start(home / "emulator", ports.any_free())
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_VAR_", "LAKE_"))}
    yield (
        kept
        | {f"TF_VAR_{name}": value for name, value in OPTIONS.items()}
        | {
            "AWS_ENDPOINT_URL": process.endpoint,
            "AWS_S3_USE_PATH_STYLE": "true",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
            "LAKE_HOME": str(home / "deployer"),
        }
    )
    emulator.stop(home / "emulator")


@pytest.fixture(scope="module")
def lake(environment):
    """Runs a command of `lake`, which has to end well or not, and gives all that it prints."""
    program = Path(sys.executable).parent / "lake"

    def run(*arguments, code=0):
        ended = subprocess.run(
            [program, *arguments], cwd=REPOSITORY, env=environment, capture_output=True, text=True
        )
        assert ended.returncode == code, ended.stderr[-2000:]
        return ended.stdout + ended.stderr

    return run


@pytest.fixture(scope="module")
def prod(lake):
    """It is applied, by the states of `bootstrap`."""
    for stage in ("bootstrap", "prod"):
        lake("apply", "--stage", stage, "--yes")


def shown(environment, stage):
    """Give the plan that was saved last, as `terraform show` tells it."""
    data = Path(environment["LAKE_HOME"]) / "terraform" / stage
    folder = REPOSITORY / "infra/terraform/stages" / stage
    ended = subprocess.run(
        [REPOSITORY / "infra/bin/terraform", f"-chdir={folder}", "show", "-json", data / "planned"],
        env=environment | {"TF_DATA_DIR": str(data)}, capture_output=True, check=True,
    )  # fmt: skip
    return json.loads(ended.stdout)


def changed(change):
    """Give the attributes that a change is of; of what is made or removed, that."""
    if change["actions"] != ["update"]:
        return {" and ".join(change["actions"])}
    before, after, unknown = change["before"], change["after"], change["after_unknown"]
    names = before.keys() | after.keys() | unknown.keys()
    return {one for one in names if before.get(one) != after.get(one) or unknown.get(one)}


def table():
    """Give the attributes that the page names, by type, each with a reason."""
    section = PAGE.read_text("utf-8").partition("## What a second plan shows")[2]
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    assert all(len(row[2]) > 20 for row in rows)
    return {row[0].strip(" `"): set(re.findall(r"`([a-z_ ]+)`", row[1])) for row in rows}


def test_a_second_plan_is_empty_but_for_what_the_emulator_causes(prod, environment, lake):
    lake("plan", "--stage", "prod")
    found = {}
    for one in shown(environment, "prod")["resource_changes"]:
        if one["change"]["actions"] not in (["no-op"], ["read"]):
            found.setdefault(one["type"], set()).update(changed(one["change"]))
    assert found == table()


LISTED = {
    "apigateway": ("get_rest_apis", "items", "name"),
    "athena": ("list_work_groups", "WorkGroups", "Name"),
    "cloudwatch": ("describe_alarms", "MetricAlarms", "AlarmName"),
    "dynamodb": ("list_tables", "TableNames", ""),
    "events": ("list_event_buses", "EventBuses", "Name"),
    "firehose": ("list_delivery_streams", "DeliveryStreamNames", ""),
    "glue": ("get_databases", "DatabaseList", "Name"),
    "iam": ("list_roles", "Roles", "RoleName"),
    "kinesis": ("list_streams", "StreamNames", ""),
    "lambda": ("list_functions", "Functions", "FunctionName"),
    "logs": ("describe_log_groups", "logGroups", "logGroupName"),
    "s3": ("list_buckets", "Buckets", "Name"),
    "scheduler": ("list_schedules", "Schedules", "Name"),
    "sns": ("list_topics", "Topics", "TopicArn"),
    "sqs": ("list_queues", "QueueUrls", ""),
}
"""What is looked for in an account: how a service lists it, and how each is called."""


def account(environment):
    """Give what there is in the account, by service."""
    found = {}
    for service, (call, key, name) in LISTED.items():
        client = boto3.client(
            service, endpoint_url=environment["AWS_ENDPOINT_URL"], region_name=REGION,
            aws_access_key_id="test", aws_secret_access_key="test", config=Config(proxies={}),
        )  # fmt: skip
        pages = (
            client.get_paginator(call).paginate()
            if client.can_paginate(call)
            else [getattr(client, call)()]
        )
        found[service] = {one[name] if name else one for page in pages for one in page.get(key, [])}
    return found


def test_a_stage_that_is_destroyed_leaves_nothing(prod, environment, lake):
    before = account(environment)
    lake("apply", "--stage", "test", "--yes")
    applied = account(environment)
    assert {service for service in LISTED if applied[service] > before[service]} == LISTED.keys()
    lake("destroy", "--stage", "test", "--yes")
    assert account(environment) == before


def test_who_comes_second_and_who_would_destroy_it_are_refused(prod, environment, lake):
    told = {
        "Bucket": f"movie-likes-terraform-{ACCOUNT}-{REGION}",
        "Key": "prod/terraform.tfstate.tflock",
    }
    first = {"ID": "first", "Operation": "OperationTypeApply", "Who": "somebody"}
    s3 = boto3.client(
        "s3", endpoint_url=environment["AWS_ENDPOINT_URL"], region_name=REGION,
        aws_access_key_id="test", aws_secret_access_key="test", config=Config(proxies={}),
    )  # fmt: skip
    s3.put_object(**told, Body=json.dumps(first).encode())
    assert "Error acquiring the state lock" in lake("plan", "--stage", "prod", code=1)
    s3.delete_object(**told)
    assert "cannot be destroyed" in lake("destroy", "--stage", "prod", "--yes", code=1)

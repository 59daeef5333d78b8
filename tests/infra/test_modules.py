"""Terraform's own tests, and what must hold of the configuration whatever else changes."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.paths import REPOSITORY
from infra.stage import Outputs
from infra.terraform import runner

INFRA = REPOSITORY / "infra"
MODULES = sorted(path.name for path in (INFRA / "terraform/modules").iterdir() if path.is_dir())
STAGES = sorted(path.name for path in (INFRA / "terraform/stages").iterdir() if path.is_dir())
CONFIGURATION = {
    path.relative_to(INFRA).as_posix(): path.read_text("utf-8")
    for path in sorted(INFRA.rglob("*.tf"))
    if ".terraform" not in path.parts
}


def copy(to: Path) -> Path:
    """Copy what Terraform reads, so that nothing it writes is left in the tree."""
    unwanted = shutil.ignore_patterns(".terraform*", "*.tfstate*")
    for folder in (
        "infra/terraform/modules",
        "infra/terraform/stages",
        "infra/page",
        "glue/tables",
    ):
        shutil.copytree(REPOSITORY / folder, to / folder, ignore=unwanted)
    return to


@pytest.fixture(scope="module")
def configuration(tmp_path_factory):
    return copy(tmp_path_factory.mktemp("terraform"))


def blocks(kind: str, text: str) -> list[str]:
    """The top-level blocks of a kind, each as text; `terraform fmt` puts their ends at column 0."""
    return re.findall(rf"^{kind} .*?^}}", text, re.MULTILINE | re.DOTALL)


def terraform(folder: Path, data: Path, *command: str, fails: bool = False, **more: str) -> str:
    """Run Terraform in a folder, and give what it prints; it may fail if `fails` says so."""
    ended = subprocess.run(
        [INFRA / "bin/terraform", f"-chdir={folder}", *command, "-no-color"],
        env=os.environ | {"TF_DATA_DIR": str(data), "TF_IN_AUTOMATION": "1"} | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert fails or ended.returncode == 0, ended.stdout
    return ended.stdout


@pytest.fixture(scope="module")
def provider(configuration, tmp_path_factory):
    """One AWS provider that meets what every module requires, for Terraform to attach to.

    Else Terraform starts one for each step of each run, which takes most of the time of a test.
    https://developer.hashicorp.com/terraform/plugin/debugging
    """
    data = tmp_path_factory.mktemp("every")
    terraform(every_module(configuration), data, "init", "-backend=false")
    if shutil.which("terraform") is None:  # it runs in a container, which ours is not in
        yield {}
        return
    [program] = data.glob("providers/*/*/aws/*/*/terraform-provider-aws_*")
    with subprocess.Popen(
        [program, "-debug"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as started:
        try:
            told = re.compile(r"TF_REATTACH_PROVIDERS='(.+)'")
            found = next(filter(None, map(told.search, started.stdout)), None)
            assert found, "The provider does not say how to attach to it."
            yield {"TF_REATTACH_PROVIDERS": found[1]}
        finally:
            started.kill()


def every_module(configuration: Path) -> Path:
    """Make a module that calls every other, with the tests of them all.

    Each process of Terraform reads what the provider knows, which takes as long as most of what it
    then tests; of this one, the tests of all modules are one process.
    """
    root = configuration / "infra/terraform/modules/every"
    (root / "tests").mkdir(parents=True)
    shutil.copy(root.parent / MODULES[0] / "versions.tf", root)
    called = 'provider "aws" {}\nprovider "aws" {\n  alias = "us_east_1"\n}\n'
    for name in MODULES:
        told = (root.parent / name / "versions.tf").read_text()
        second = "aws.us_east_1 = aws.us_east_1" if "aws.us_east_1" in told else ""
        called += f'module "{name}" {{\n  source = "../{name}"\n'
        called += f"  providers = {{\n    aws = aws\n    {second}\n  }}\n}}\n"
        for path in (root.parent / name / "tests").glob("*.tftest.hcl"):
            of_it = f'\\g<0>\n  module {{\n    source = "../{name}"\n  }}'
            runs = re.sub(r'^run "\w+" \{$', of_it, path.read_text("utf-8"), flags=re.MULTILINE)
            (root / "tests" / path.name).write_text(runs, "utf-8")
    root.joinpath("main.tf").write_text(called)
    return root


@pytest.fixture(scope="module")
def told(configuration, provider, tmp_path_factory):
    """What Terraform tells of the tests of all modules."""
    root = configuration / "infra/terraform/modules/every"
    data = tmp_path_factory.mktemp("data")
    terraform(root, data, "init", "-backend=false", **provider)
    return terraform(root, data, "test", fails=True, **provider)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_passes_its_own_tests(module, told):
    tests = (INFRA / "terraform/modules" / module / "tests").glob("*.tftest.hcl")
    for path in tests:
        passed = re.search(rf"^tests/{path.name}\.\.\. pass$", told, re.MULTILINE)
        of_it = told.partition(f"tests/{path.name}... in progress")[2]
        of_it = of_it.partition(f"tests/{path.name}... tearing down")[0]
        assert passed, of_it or told
        runs = re.findall(r'^run "(\w+)"', path.read_text("utf-8"), re.MULTILINE)
        assert re.findall(r'^  run "(\w+)"\.\.\. pass$', of_it, re.MULTILINE) == runs != []


def test_the_bootstrap_passes_its_own_tests(configuration, provider, tmp_path):
    """It imports, which a module that is called may not."""
    folder = configuration / "infra/terraform/stages/bootstrap"
    terraform(folder, tmp_path, "init", "-backend=false", **provider)
    told = terraform(folder, tmp_path, "test", **provider)
    assert re.search(r"^Success! [1-9]\d* passed, 0 failed\.$", told, re.MULTILINE)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_tested_good_and_bad_and_described(module):
    folder = INFRA / "terraform/modules" / module
    tests = "".join(path.read_text("utf-8") for path in (folder / "tests").glob("*.tftest.hcl"))
    assert "  assert {" in tests and "expect_failures" in tests and "mock_provider" in tests
    for name, kind in (("variables.tf", "variable"), ("outputs.tf", "output")):
        for block in blocks(kind, (folder / name).read_text("utf-8")):
            assert "\n  description = " in block, block
            assert kind == "output" or re.search(r"^  type +=", block, re.MULTILINE), block


def test_every_stage_gives_what_the_command_line_reads():
    whole = CONFIGURATION["terraform/modules/pipeline/outputs.tf"]
    assert set(re.findall(r"^    (\w+) += ", whole, re.MULTILINE)) == set(Outputs.__struct_fields__)
    assert set(STAGES) == set(runner.STAGES)
    for stage in set(STAGES) - {"bootstrap"}:
        outputs = CONFIGURATION[f"terraform/stages/{stage}/outputs.tf"]
        assert "  value       = module.pipeline.stage\n" in outputs
        assert len(blocks("module", CONFIGURATION[f"terraform/stages/{stage}/main.tf"])) == 1


def test_only_the_stages_on_aws_get_the_layers_that_are_built_for_them():
    for stage in set(STAGES) - {"bootstrap"}:
        given = re.findall(
            r"^  layers += (\S+)", CONFIGURATION[f"terraform/stages/{stage}/main.tf"], re.M
        )
        assert given == ["{}" if stage == "local" else "var.layers"], stage


def test_one_batch_of_a_shard_at_a_time_is_counted_and_none_is_given_up():
    mappings = [
        block
        for text in CONFIGURATION.values()
        for block in blocks('resource "aws_lambda_event_source_mapping"', text)
    ]
    functions = []
    for mapping in mappings:
        settings = dict(re.findall(r"^  (\w+) += (.+)$", mapping, re.MULTILINE))
        functions.append(settings["function_name"])
        assert settings["parallelization_factor"] == "1"
        assert settings["maximum_retry_attempts"] == "-1"
        assert settings["maximum_record_age_in_seconds"] == "-1"
        assert settings["starting_position"] == '"TRIM_HORIZON"'
        assert int(settings["batch_size"]) <= 1000
        assert "bisect_batch_on_function_error" not in settings
        assert "destination_config" not in mapping
    assert sorted(functions) == ["module.count.arn", "module.track.arn"], (
        "a second mapping would count a shard twice at a time"
    )


def test_nothing_is_allowed_on_every_resource_nor_every_action():
    statements = [
        statement
        for text in CONFIGURATION.values()
        for document in blocks('data "aws_iam_policy_document"', text)
        for statement in re.findall(r"^  statement \{.*?^  \}", document, re.MULTILINE | re.DOTALL)
    ]
    assert len(statements) > 10
    for statement in statements:
        if '"kms:' in statement:  # a key's policy, where "*" is the key
            continue
        if '"WhatTakesNoResource"' in statement:  # which says so, and is the deployer's
            continue
        assert not re.search(r'resources += .*"\*"', statement), statement
        if 'effect    = "Deny"' not in statement:
            assert not re.search(r'"[a-z0-9]*:?\*"', statement), statement
    written = "".join(CONFIGURATION.values())
    assert not re.search(r'policy += *(jsonencode|<<|"\{)', written), "a policy is a document"
    assert "AdministratorAccess" not in written and "FullAccess" not in written


def test_every_handler_that_terraform_names_exists():
    named = re.findall(
        r'^  handler += "transform\.handlers\.(\w+)\.handler"$',
        "\n".join(CONFIGURATION.values()),
        re.MULTILINE,
    )
    assert sorted(named) == [
        *("archive", "audit", "compact", "count", "ingest", "rank", "read", "report", "track")
    ]
    for name in named:
        source = (REPOSITORY / f"transform/handlers/{name}.py").read_text("utf-8")
        assert re.search(r"^def handler\(event: .*, context: ", source, re.MULTILINE)


def test_functions_get_the_environment_they_read():
    for step, names in {
        "ingest": {"CORS_ORIGINS", "STREAM_NAME", "USER_CLAIM"},
        "count": {"COUNTS_TABLE"},
        "archive": {"LAKE_BUCKET"},
        "read": {"CORS_ORIGINS", "COUNTS_TABLE", "TRENDS_TABLE"},
        "track": {"TRENDS_TABLE"},
        "rank": {"TRENDS_TABLE", "LAKE_BUCKET"},
        "compact": {"LAKE_BUCKET", "COUNTS_TABLE"},
        "audit": {"LAKE_BUCKET", "COUNTS_TABLE", "STREAM_ARN", "COMPACT_FUNCTION"},
        "report": {*("ATHENA_WORKGROUP", "GLUE_DATABASE", "LAKE_BUCKET", "REPORTS_TOPIC")},
    }.items():
        text = CONFIGURATION[f"terraform/modules/pipeline/{step}.tf"]
        given = re.search(r"environment += \{(.*?)\}", text, re.DOTALL)
        assert given and set(re.findall(r"(\w+) +=[^=]", given[1])) == names
        source = (REPOSITORY / f"transform/handlers/{step}.py").read_text("utf-8")
        assert all(f'"{name}"' in source for name in names)


def test_what_is_told_to_take_null_can_be_given_it():
    """In the environment, `null` is the text of it for all variables but those of any type."""
    readme = (INFRA / "terraform/README.md").read_text("utf-8")
    named = re.findall(r"^\| `TF_VAR_(\w+)` \|.*`null`", readme, re.MULTILINE)
    assert named
    for stage in ("prod", "test"):
        text = CONFIGURATION[f"terraform/stages/{stage}/variables.tf"]
        types = {
            re.findall(r'"(\w+)"', block)[0]: re.findall(r"^  type += (.+)", block, re.M)
            for block in blocks("variable", text)
        }
        assert {name: types[name] for name in named} == {name: ["any"] for name in named}


def test_no_door_opens_before_firehose_reads_the_stream():
    """It reads from LATEST: what came before would be counted and not archived.

    https://docs.aws.amazon.com/firehose/latest/dev/writing-with-kinesis-streams.html
    """
    for module, kind in (
        ("api", 'resource "aws_api_gateway_stage"'),
        ("http_api", 'resource "aws_apigatewayv2_stage"'),
        ("bus", 'resource "aws_cloudwatch_event_target"'),
    ):
        [door] = blocks(kind, CONFIGURATION[f"terraform/modules/{module}/main.tf"])
        assert re.search(r"^  depends_on += \[var\.opens_after\b", door, re.MULTILINE), module
    calls = [
        call
        for path, text in CONFIGURATION.items()
        if "/modules/pipeline/" in path
        for call in blocks("module", text)
        if re.search(r'source += "\.\./(api|http_api|bus)"', call)
    ]
    assert len(calls) == 3
    assert all(re.search(r"opens_after += module\.delivery\.arn", call) for call in calls)


def test_roles_of_two_regions_do_not_meet():
    """An account has each name of a role once, whatever the region."""
    for name, text in CONFIGURATION.items():
        for call in blocks("module", text) if "/modules/pipeline/" in name else []:
            if re.search(r'source += "\.\./(function|schedule|delivery)"', call):
                assert "role_suffix" in call, f"{name}: {call[:40]}"


def test_every_resource_is_told_with_its_document_and_a_test_that_is_there():
    readme = (INFRA / "README.md").read_text("utf-8")
    section = readme.partition("## What each resource is set to")[2].partition("\n##")[0]
    rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| `")]
    types = {
        kind
        for text in CONFIGURATION.values()
        for kind in re.findall(r'^resource "(\w+)"', text, re.MULTILINE)
    }
    assert {kind for row in rows for kind in re.findall(r"`(\w+)`", row[0])} == types
    tests = plan_tests()
    for row in rows:
        assert "](https://" in row[2] and row[3].strip("` |") in tests, row


def plan_tests() -> set[str]:
    """Terraform's own tests, as module/run."""
    return {
        f"{path.parent.parent.name}/{run}"
        for path in INFRA.rglob("*.tftest.hcl")
        for run in re.findall(r'^run "(\w+)"', path.read_text("utf-8"), re.MULTILINE)
    }


def test_each_refusal_is_shown_by_a_test_that_is_there():
    readme = (INFRA / "README.md").read_text("utf-8")
    section = readme.partition("### Who is refused")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if "`" in line[-4:]]
    assert len(rows) > 15
    plans = plan_tests()
    for refused, shown_on, test in rows:
        name = test.strip("`")
        if shown_on == "a plan":
            assert name in plans, refused
        else:
            path, _, function = name.partition("::")
            assert shown_on.startswith("the emulator"), refused
            assert f"\ndef {function}(" in (REPOSITORY / path).read_text("utf-8"), refused


def test_every_alarm_has_an_entry_that_says_what_to_do():
    readme = (INFRA / "terraform/README.md").read_text("utf-8")
    section = readme.partition("## The alarms")[2].partition("\n## ")[0]
    rows = "\n".join(line for line in section.splitlines() if line.startswith("| `"))
    alarms = {
        name
        for path, text in CONFIGURATION.items()
        if path.endswith("/alarms.tf")
        for name in re.findall(r"\b([a-z][a-z-]+) = (?:merge\(local\.\w+, )?\{\n +desc", text)
    }
    assert {"errors", "differences", "behind", "freshness"} < alarms
    for name in {*alarms, "stands-still"}:
        assert f"-{name}`" in rows, name


def metrics_emitted() -> set[str]:
    """The metrics that functions send, and that are counted from logs."""
    found = set(re.findall(r'name += "(\w+)"', "".join(counted_from_logs())))
    for path in (REPOSITORY / "transform").rglob("*.py"):
        text = path.read_text("utf-8")
        named = re.findall(r'\.add_metric\(\s*"(\w+)"', text)
        assert len(named) == text.count(".add_metric("), f"{path}: a metric's name is a constant"
        found.update(named)
    return found


def counted_from_logs() -> list[str]:
    return [
        named
        for text in CONFIGURATION.values()
        for block in blocks('resource "aws_cloudwatch_log_metric_filter"', text)
        for named in re.findall(r"^  metric_transformation \{.*?^  \}", block, re.M | re.S)
    ]


def test_every_metric_is_heard_and_shown_or_it_is_said_why_not():
    watched = {
        metric
        for path, text in CONFIGURATION.items()
        if path.endswith("/alarms.tf")
        for metric in re.findall(r'namespace += "MovieLikes"\n +metric += "(\w+)"', text)
    }
    readme = (INFRA / "terraform/README.md").read_text("utf-8")
    section = readme.partition("that no alarm watches:")[2].partition("\n## ")[0]
    rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| `")]
    told = [metric for row in rows for metric in re.findall(r"`(\w+)`", row[0])]
    assert sorted([*watched, *told]) == sorted(metrics_emitted())
    dashboard = CONFIGURATION["terraform/modules/pipeline/dashboard.tf"]
    assert {metric for metric in watched if metric not in dashboard} == set()


def test_what_a_checker_is_told_to_skip_has_a_reason():
    skips = re.findall(r"#checkov:skip=(.*)", "".join(CONFIGURATION.values()))
    assert skips and all(re.fullmatch(r"CKV2?_AWS_\d+:.{10,}\.", skip) for skip in skips)


def test_no_lock_made_on_one_machine_is_committed():
    ignored = (REPOSITORY / ".gitignore").read_text("utf-8").split()
    assert {".terraform.lock.hcl", ".terraform/", "*.tfstate"} < set(ignored)

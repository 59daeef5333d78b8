"""The shape of the code: which way imports run, what the core may know, what lies where."""

import ast
import graphlib
import importlib
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {"infra", "transform", "glue", "queries", "notebooks", "tests"}
# What each part may import of the others.
MAY_IMPORT = {
    "glue": {"glue"},
    "transform": {"glue", "transform"},
    "transform/aws": {"glue", "transform"},
    "transform/handlers": {"glue", "transform", "queries"},
    "queries": {"glue", "queries"},
    "infra": {"glue", "transform", "infra"},
    "infra/local/athena": {"glue", "queries", "infra"},
    "infra/cli/commands": {"glue", "transform", "infra", "queries"},
    "lake": {"infra"},
}

PARTS = {part for part in MAY_IMPORT if "/" not in part}
EDGE = {"aws", "handlers"}
"""What of `transform` knows AWS, environment and clock."""


def modules(part):
    if part == "lake":
        return [ROOT / "lake.py"]
    found = sorted((ROOT / part).rglob("*.py"))
    if part == "infra":  # the emulator's Athena and `lake sql` answer by the engine of queries
        ask = {ROOT / "infra/local/athena", ROOT / "infra/cli/commands"}
        found = [path for path in found if not ask & {*path.parents}]
    return [path for path in found if not EDGE & {*path.parts}] if part == "transform" else found


def name(path):
    """The module's name, dotted."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


EVERY = {name(path): path for part in sorted(PARTS) for path in (ROOT / part).rglob("*.py")}


@cache
def statements(path):
    """What a file imports, wherever in it, for types alone included: module and name."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found += [(node.module, alias.name) for alias in node.names]
    return found


def imported(path):
    """The modules that a file imports."""
    for module, what in statements(path):
        full = f"{module}.{what}"
        yield full if full in EVERY else module


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_imports_run_one_way(part):
    assert modules(part)
    for path in modules(part):
        ours = {name.partition(".")[0] for name in imported(path)} & PARTS
        assert ours <= MAY_IMPORT[part], path


def test_what_a_function_imports_is_there():
    """It would be missed only where the function runs: what is measured by hand, not by tests."""
    paths = [*EVERY.values(), ROOT / "lake.py", *(ROOT / "tests").rglob("*.py")]
    wanted = {
        (module, what, path)
        for path in paths
        for module, what in statements(path)
        if what and module.partition(".")[0] in PARTS | {"tests"}
    }
    known = {*map(name, paths), *map(name, {path.parent for path in paths} - {ROOT})}
    assert len(wanted) > 1_000
    for module, what, path in wanted:
        there = f"{module}.{what}" in known or hasattr(importlib.import_module(module), what)
        assert there, f"{path} imports {what} from {module}"


def test_the_core_of_transform_knows_no_service_environment_or_clock():
    paths = modules("transform")
    assert len(paths) >= 5
    for path in paths:
        forbidden = {"boto3", "botocore", "os", "time", "aws_lambda_powertools"}
        assert not {name.partition(".")[0] for name in imported(path)} & forbidden, path
        assert ".now(" not in path.read_text() and ".today(" not in path.read_text(), path
        assert not any(re.match(r"transform\.(aws|handlers)\b", name) for name in imported(path)), (
            path
        )


def test_what_handlers_share_imports_no_handler():
    for path in modules("transform/aws"):
        assert not any(name.startswith("transform.handlers") for name in imported(path)), path


def test_there_is_no_circle_of_imports():
    graphlib.TopologicalSorter(
        {here: {*imported(path)} & EVERY.keys() - {here} for here, path in EVERY.items()}
    ).prepare()  # raises CycleError, which names the circle


def test_handlers_holds_one_function_a_file_and_nothing_else():
    paths = [path for path in modules("transform/handlers") if path.stem != "__init__"]
    assert len(paths) >= 8
    for path in paths:
        public = {
            node.name
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
        }
        assert public == {"handler"}, path


def ran(program):
    """The words that a program of its own says."""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


@pytest.mark.parametrize("function", ["ingest", "count", "archive", "track", "read"])
def test_the_functions_on_the_event_s_path_import_nothing_heavy(function):
    program = (
        f"import sys, transform.handlers.{function}\n"
        "print(*{'pandas', 'pyarrow', 'duckdb', 'awswrangler', 'numpy'} & sys.modules.keys())"
    )
    assert ran(program) == []


@pytest.mark.parametrize("function", ["compact", "audit"])
def test_functions_that_merge_and_compare_need_duckdb_and_pyarrow_alone_of_what_is_heavy(function):
    """Their layers hold nothing else; pyarrow imports NumPy where there is one."""
    program = (
        f"import sys\nsys.modules['numpy'] = None\nimport transform.handlers.{function}\n"
        "print(*{'pandas', 'pyarrow', 'duckdb', 'awswrangler'} & sys.modules.keys())"
    )
    assert sorted(ran(program)) == ["duckdb", "pyarrow"]


def test_the_function_that_ranks_imports_no_duckdb():
    """Its layer holds pandas, pyarrow and NumPy."""
    program = (
        "import sys, transform.handlers.rank\n"
        "print(*{'duckdb', 'awswrangler', 'polars'} & sys.modules.keys())"
    )
    assert ran(program) == []


def test_the_function_that_reports_needs_no_duckdb_where_athena_answers():
    """Its layers hold awswrangler, pandas and pyarrow, and on AWS nobody names an endpoint."""
    program = (
        "import sys\n"
        "for name in ('duckdb', 'sqlglot', 'rich', 'click'):\n"
        "    sys.modules[name] = None\n"
        "from transform.handlers import report\n"
        "print(*{'pandas', 'pyarrow', 'awswrangler'} & sys.modules.keys())\n"
        "report.queries.ambient('database', 'workgroup')\n"
        "import awswrangler.athena\n"
    )
    assert ran(program) == []


def test_the_repository_has_these_folders_and_no_others():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    folders = {path.partition("/")[0] for path in listed if "/" in path}
    assert {name for name in folders if not name.startswith(".")} <= FOLDERS

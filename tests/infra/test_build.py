import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from importlib.metadata import distribution
from pathlib import Path

import pytest

from infra import build
from infra.build import BuildError
from tests.examples import nightly

AARCH64 = 183
"""The machine that an ELF file names where it is for arm64."""
HANDLERS = sorted(
    f"transform.handlers.{path.stem}"
    for path in (build.ROOT / "transform/handlers").glob("*.py")
    if "\ndef handler(" in path.read_text("utf-8")
)


def names(package: Path) -> list[str]:
    with zipfile.ZipFile(package) as archive:
        return archive.namelist()


def tops(held: Sequence[str]) -> set[str]:
    """The folders and files at the top, where a wheel's metadata counts as the wheel."""
    metadata = [name for name in held if ".dist-info/" in name]
    assert all(name.endswith(".dist-info/METADATA") for name in metadata), metadata
    return {
        top.partition("-")[0] if top.endswith(".dist-info") else top
        for top in (name.partition("/")[0] for name in held)
    }


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build.build("local", tmp_path_factory.mktemp("local"))


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "LEVEL", 1)  # fast, and no smaller for it
        return build.build("aws", tmp_path_factory.mktemp("aws"))


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("layers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "LEVEL", 1)
        return {name: build.layer(name, folder) for name in build.LAYERS}


SOURCES = [
    path for folder in ("glue", "queries", "transform") for path in (build.ROOT / folder).rglob("*")
]


def test_the_local_zip_holds_all_of_transform_the_tables_and_the_questions_and_no_more(local):
    ours = [path for path in SOURCES if path.is_file()]
    assert names(local) == sorted(
        path.relative_to(build.ROOT).as_posix()
        for path in ours
        if path.suffix not in (".pyc", ".md")  # for people
    )
    assert {"transform/handlers/ingest.py", "glue/tables/trends.json"} <= set(names(local))
    assert {"queries/movers.sql", "queries/engine/athena.py"} <= set(names(local))


def test_every_step_has_its_handler():
    assert {name.rpartition(".")[2] for name in HANDLERS} >= {"archive", "count", "ingest", "read"}


@pytest.mark.parametrize(
    ("flavour", "level"), [("local", build.LEVEL), pytest.param("aws", 1, marks=nightly)]
)
def test_two_builds_are_the_same_byte_for_byte(flavour, level, request, tmp_path, monkeypatch):
    first = request.getfixturevalue(flavour).read_bytes()
    monkeypatch.setattr(build, "LEVEL", level)
    assert build.build(flavour, tmp_path).read_bytes() == first


def test_two_builds_of_a_layer_hold_the_same_byte_for_byte(layers, tmp_path, monkeypatch):
    """The smallest, as all are made alike."""
    name = min(layers, key=lambda name: layers[name].stat().st_size)
    monkeypatch.setattr(build, "LEVEL", 1)
    assert build.layer(name, tmp_path).read_bytes() == layers[name].read_bytes()


def test_neither_times_nor_modes_of_the_sources_show_in_the_zip(local, tmp_path, monkeypatch):
    for path in [path for path in SOURCES if path.suffix in build.OURS]:
        copy = tmp_path / path.relative_to(build.ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
        copy.chmod(0o600)
        os.utime(copy, (1, 1))
    bytecode = tmp_path / "transform/__pycache__/likes.cpython-313.pyc"
    bytecode.parent.mkdir()
    bytecode.write_bytes(b"not code of ours")
    monkeypatch.setattr(build, "ROOT", tmp_path)
    assert build.build("local", tmp_path / "out").read_bytes() == local.read_bytes()


@pytest.mark.parametrize("module", HANDLERS)
def test_the_zip_alone_imports_every_handler(module, local, tmp_path):
    """Neither the working directory nor an editable install leads to the checkout there."""
    program = (
        "import importlib, site, sys\n"
        f"sys.path[:] = [p for p in sys.path if p != {str(build.ROOT)!r}]\n"
        "sys.meta_path[:] = [f for f in sys.meta_path if 'editable' not in str(f)]\n"
        f"sys.path.insert(0, {str(local)!r})\n"
        f"module = importlib.import_module({module!r})\n"
        "assert callable(module.handler)\n"
        f"assert module.__file__.startswith({str(local)!r}), module.__file__\n"
        "ours = [m for m in sys.modules if m.partition('.')[0] in ('lake', 'infra')]\n"
        "assert not ours, ours\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr


def test_the_aws_zip_adds_arm64_wheels_and_stays_far_below_what_lambda_takes(local, aws):
    held = names(aws)
    assert set(names(local)) < set(held)
    assert "msgspec/_core.cpython-313-aarch64-linux-gnu.so" in held
    assert {"aws_lambda_powertools/__init__.py", "jmespath/__init__.py"} < set(held)
    assert "typing_extensions.py" in held
    assert tops(held) == {
        *("aws_lambda_powertools", "glue", "jmespath", "msgspec", "queries", "transform"),
        *("typing_extensions", "typing_extensions.py"),
        *("boto3", "botocore", "dateutil", "python_dateutil", "s3transfer", "six", "six.py"),
        "urllib3",
    }
    assert not [name for name in held if name.endswith(".pyc") or "x86_64" in name]
    with zipfile.ZipFile(aws) as archive:
        assert sum(entry.file_size for entry in archive.infolist()) < 25 * 1024 * 1024


@pytest.mark.parametrize(
    ("name", "held", "engine"),
    [
        ("duckdb", {"_duckdb.abi3.so", "adbc_driver_duckdb", "duckdb"}, "_duckdb.abi3.so"),
        ("pyarrow", {"pyarrow"}, "pyarrow/lib.cpython-313-aarch64-linux-gnu.so"),
        (
            "pandas",
            {
                *("awswrangler", "dateutil", "numpy", "numpy.libs", "packaging", "pandas"),
                *("python_dateutil", "six", "six.py"),
            },
            "numpy/_core/_multiarray_umath.cpython-313-aarch64-linux-gnu.so",
        ),
    ],
)
def test_a_layer_holds_a_wheel_for_arm64_where_lambda_looks_for_it(name, held, engine, layers):
    inside = names(layers[name])
    assert all(one.startswith("python/") for one in inside)
    assert tops([one.removeprefix("python/") for one in inside]) == held
    assert not [one for one in inside if one.endswith((".pyc", ".pyi", ".pyx", ".h"))]
    with zipfile.ZipFile(layers[name]) as archive:
        start = archive.read(f"python/{engine}")[:20]
    assert start[:4] == b"\x7fELF"
    assert int.from_bytes(start[18:20], "little") == AARCH64


MERGE = """
import sys
from pathlib import Path
here = Path.cwd()
sys.path[:0] = [str(here), sys.argv[1]]
from transform.lake import compaction, duck, raw_files
from transform.lake.division import WHOLE, Division
from transform.lake.staging import Staging
with duck.engine(here, 256, 1) as engine:
    engine.execute(
        "COPY (SELECT 'e' AS event_id, 'm' AS movie_id, 'u' AS user_id, 'like' AS action, "
        "make_timestamp_ms(0) AS liked_at, liked_at AS received_at, 'web' AS source, "
        "NULL::VARCHAR AS extra) TO 'raw.parquet'"
    )
    staging = Staging(engine)
    raw_files.load(staging, [{"raw": here / "raw.parquet"}])
    [(_, merged)] = compaction.merge(staging, {0: {}}, Division(), here)
    stands = {0: {WHOLE: here / "raw.parquet"}}
    [(_, again)] = compaction.merge(staging, stands, Division(), here)
    assert (merged.new, again.rows, again.new) == (1, 1, 0)
    assert again.files[WHOLE].exists() and len(again.totals) == 1
for name in ("duckdb", "pyarrow"):
    assert sys.modules[name].__file__.startswith(str(here)), sys.modules[name].__file__
"""


ASK = """
import sys
from pathlib import Path
here = Path.cwd()
sys.path[:0] = [str(here), sys.argv[1]]
import pandas as pd
from transform.handlers import report
connection = report.queries.ambient("database", "workgroup")
import awswrangler.athena
from queries.engine import athena
asked = []

def read(**request):
    asked.append(request["sql"])
    frame = pd.DataFrame({"hour": pd.to_datetime(["2026-01-31 12:00:00"]), "n": [1]})
    frame.query_metadata = {"Statistics": {"DataScannedInBytes": 11_000_000}}
    return frame

answer = report._ask(athena.Athena("d", "w", read))("movers", {"n": 3})
assert asked and "FROM likes" in asked[0]
assert (answer.bytes, round(answer.dollars, 9)) == (11_000_000, 0.000055)
assert answer.rows[0]["hour"].isoformat() == "2026-01-31T12:00:00+00:00"
assert not {"duckdb", "sqlglot"} & sys.modules.keys()
for name in ("awswrangler", "numpy", "pandas", "pyarrow"):
    assert sys.modules[name].__file__.startswith(str(here)), sys.modules[name].__file__
"""
RANK = """
import sys
from pathlib import Path
here = Path.cwd()
sys.path[:0] = [str(here), sys.argv[1]]
import pyarrow as pa
import pyarrow.parquet as pq
from glue import schema, tables
from transform.handlers import rank
from transform.trends import days, rollups

noon = [12 * 3_600_000] * 2
columns = [noon, ["a", "b"], [9, 20], [1, 0], [0, 0], [0, 0]]
totals = pa.table(columns, schema=schema.arrow(tables.read("likes_by_hour")))
pq.write_table(totals, sink := pa.BufferOutputStream(), compression="zstd")
rows = days.table(0, [rollups.settled(0, sink.getvalue().to_pybytes())])
assert rows["movie_id"].to_pylist() == ["b", "a"]
assert days.encode(rows)[:4] == b"PAR1"  # by zstd, which AWS's own layer has not
assert not {"duckdb", "awswrangler"} & sys.modules.keys()
for name in ("numpy", "pyarrow"):
    assert sys.modules[name].__file__.startswith(str(here)), sys.modules[name].__file__
"""
ON_LAMBDA = ("boto3", "botocore", "jmespath", "s3transfer", "urllib3")
"""What the zip of the functions holds of the AWS SDK."""


def test_the_sdk_is_ours_and_knows_what_functions_call(aws):
    """Lambda's own changes without notice: lambda-python.html, "Runtime-included SDK versions"."""
    held = names(aws)
    services = {name.split("/")[2] for name in held if re.match("botocore/data/[^/]+/", name)}
    assert services == set(build.SERVICES)
    assert {"boto3/session.py", "botocore/cacert.pem", "botocore/data/endpoints.json"} < set(held)
    called = {
        service
        for folder in ("transform", "queries")
        for path in (build.ROOT / folder).rglob("*.py")
        for service in re.findall(r'boto3\.client\(\s*"(\w+)"', path.read_text("utf-8"))
    }
    assert {"dynamodb", "kinesis", "s3", "sns"} <= called <= services


@pytest.mark.parametrize(
    ("program", "held", "beside"),
    [
        (MERGE, ("duckdb", "pyarrow"), ("msgspec",)),
        (
            ASK,
            ("pandas", "pyarrow"),
            ("msgspec", "aws-lambda-powertools", "typing-extensions", *ON_LAMBDA),
        ),
        (
            RANK,
            ("pandas", "pyarrow"),
            ("msgspec", "aws-lambda-powertools", "typing-extensions", *ON_LAMBDA),
        ),
    ],
    ids=["likes are merged", "Athena is asked", "films are ranked"],
)
def test_without_what_the_layers_leave_out(program, held, beside, local, tmp_path):
    """With the wheels of this machine, of which the same is left out; its engines run here."""
    task = tmp_path / "task"
    with zipfile.ZipFile(local) as package:
        package.extractall(task)  # as Lambda does
    wheels = [wheel for name in held for wheel in build.LAYERS[name]]
    for wheel in (*wheels, *beside):
        for file in distribution(wheel).files or ():
            if file.parts[0] != ".." and (wheel in beside or build._belongs(Path(file))):
                copy = tmp_path / str(file)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.symlink_to(Path(str(file.locate())))
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(task)],
        cwd=tmp_path, capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": "us-east-1"},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("held", [("duckdb", "pyarrow"), ("pandas", "pyarrow")])
def test_functions_and_layers_together_are_within_what_lambda_takes(held, aws, layers):
    unzipped = 0
    for package in (aws, *(layers[name] for name in held)):
        assert package.stat().st_size < 50 * 1024 * 1024
        with zipfile.ZipFile(package) as archive:
            unzipped += sum(entry.file_size for entry in archive.infolist())
    assert unzipped < 250 * 1024 * 1024


@pytest.mark.parametrize(("limit", "most"), [("MAX_UNZIPPED", 1000), ("MAX_ZIPPED", 999)])
def test_a_zip_that_lambda_would_not_take_is_not_built(limit, most, tmp_path, monkeypatch):
    monkeypatch.setattr(build, limit, most)
    with pytest.raises(BuildError, match=rf"^functions-local.zip has \d{{4,}} .* takes {most} "):
        build.build("local", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_build_that_fails_leaves_the_last_zip_as_it_was(tmp_path, monkeypatch):
    package = build.build("local", tmp_path)
    before = package.read_bytes()

    def full(files, target):
        target.write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(build, "_zip", full)
    with pytest.raises(OSError, match="No space left"):
        build.build("local", tmp_path)
    assert package.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [package.name]


def test_wheels_that_cannot_be_had_are_one_sentence(tmp_path, monkeypatch):
    root = tmp_path / "root"
    root.mkdir()
    hashed = "9.9.9 \\\n    --hash=sha256:" + "0" * 64 + "\n"
    root.joinpath("requirements.txt").write_text(
        "".join(f"{name}=={hashed}" for name in (*build.WHEELS, *sum(build.LAYERS.values(), ())))
    )
    monkeypatch.setattr(build, "ROOT", root)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(BuildError, match=r"^The arm64 wheels of .* cannot be had: .+9\.9\.9"):
        build.build("aws", tmp_path / "out")
    with pytest.raises(BuildError, match=r"^The arm64 wheels of duckdb cannot be had: .+9\.9\.9"):
        build.layer("duckdb", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_an_unknown_flavour_is_refused(tmp_path):
    with pytest.raises(BuildError, match="no flavour 'azure'"):
        build.build("azure", tmp_path)  # type: ignore[arg-type]


def test_pins_are_taken_with_their_hashes_and_nothing_else():
    requirements = (
        "# Compiled. Do not edit.\n"
        "aa==1 \\\n    --hash=sha256:01 \\\n    --hash=sha256:02\n"
        "aa-b==2 ; python_version < '4' \\\n    --hash=sha256:03\n"
        "cc==3 \\\n    --hash=sha256:04\n"
    )
    assert build.pinned(requirements, ("cc", "aa")) == (
        "cc==3 \\\n    --hash=sha256:04\naa==1 \\\n    --hash=sha256:01 \\\n    --hash=sha256:02\n"
    )
    conditional = (
        "aa==1 ; python_full_version < '3.12' \\\n    --hash=sha256:01\n"
        "aa==2 ; python_full_version >= '3.12' \\\n    --hash=sha256:02 \\\n    --hash=sha256:03\n"
        "bb==3 ; sys_platform == 'win32' \\\n    --hash=sha256:04\n"
    )
    lambda_s = "aa==2 \\\n    --hash=sha256:02 \\\n    --hash=sha256:03\n"
    assert build.pinned(conditional, ("aa",)) == lambda_s
    with pytest.raises(BuildError, match="does not pin bb"):
        build.pinned(conditional, ("bb",))
    with pytest.raises(BuildError, match="does not pin b, d"):
        build.pinned(requirements, ("b", "aa", "d"))

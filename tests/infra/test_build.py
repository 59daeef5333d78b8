import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from importlib.metadata import distribution
from pathlib import Path

import pytest

from infra import build
from infra.build import BuildError

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
    return build.build("aws", tmp_path_factory.mktemp("aws"))


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build.layer(tmp_path_factory.mktemp("layer"))


SOURCES = [path for folder in ("glue", "transform") for path in (build.ROOT / folder).rglob("*")]


def test_the_local_zip_holds_all_of_transform_and_the_tables_and_nothing_else(local):
    ours = [path for path in SOURCES if path.is_file()]
    assert names(local) == sorted(
        path.relative_to(build.ROOT).as_posix() for path in ours if path.suffix != ".pyc"
    )
    assert {"transform/handlers/ingest.py", "glue/tables/trends.json"} <= set(names(local))


def test_every_step_has_its_handler():
    assert {name.rpartition(".")[2] for name in HANDLERS} >= {"archive", "count", "ingest", "read"}


@pytest.mark.parametrize("flavour", ["local", "aws"])
def test_two_builds_are_the_same_byte_for_byte(flavour, request, tmp_path):
    assert build.build(flavour, tmp_path).read_bytes() == (
        request.getfixturevalue(flavour).read_bytes()
    )


def test_two_builds_of_the_layer_are_the_same_byte_for_byte(layer, tmp_path):
    assert build.layer(tmp_path).read_bytes() == layer.read_bytes()


def test_neither_times_nor_modes_of_the_sources_show_in_the_zip(local, tmp_path, monkeypatch):
    for path in [path for path in SOURCES if path.suffix in {".py", ".json"}]:
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
        "ours = [m for m in sys.modules if m.partition('.')[0] in ('lake', 'infra', 'queries')]\n"
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
        *("aws_lambda_powertools", "glue", "jmespath", "msgspec", "transform"),
        *("typing_extensions", "typing_extensions.py"),
    }
    assert not [name for name in held if name.endswith(".pyc") or "x86_64" in name]
    with zipfile.ZipFile(aws) as archive:
        assert sum(entry.file_size for entry in archive.infolist()) < 25 * 1024 * 1024


def test_the_layer_holds_duckdb_for_arm64_where_lambda_looks_for_it(layer):
    held = names(layer)
    assert all(name.startswith("python/") for name in held)
    assert tops([name.removeprefix("python/") for name in held]) == {
        *("_duckdb.abi3.so", "adbc_driver_duckdb", "duckdb"),
    }
    assert not [name for name in held if name.endswith((".pyc", ".pyi"))]
    with zipfile.ZipFile(layer) as archive:
        engine = archive.read("python/_duckdb.abi3.so")
    assert engine[:4] == b"\x7fELF"
    assert int.from_bytes(engine[18:20], "little") == AARCH64


def test_duckdb_works_without_what_the_layer_leaves_out(layer, tmp_path):
    """With the wheel of this machine, of which the same files are taken; its engine runs here."""
    taken = {name.removeprefix("python/") for name in names(layer)}
    for file in distribution("duckdb").files or ():
        if str(file) in taken or file.name.startswith("_duckdb."):
            copy = tmp_path / str(file)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.symlink_to(Path(str(file.locate())))
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import duckdb\n"
        f"assert duckdb.__file__.startswith({str(tmp_path)!r}), duckdb.__file__\n"
        "duckdb.sql(\"COPY (SELECT 1 AS n) TO 'n.parquet'\")\n"
        "assert duckdb.sql(\"SELECT n FROM 'n.parquet'\").fetchall() == [(1,)]\n"
    )
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], cwd=tmp_path, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr


def test_functions_and_layer_together_are_within_what_lambda_takes(aws, layer):
    unzipped = 0
    for package in (aws, layer):
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
        "".join(f"{name}=={hashed}" for name in build.WHEELS + build.LAYER)
    )
    monkeypatch.setattr(build, "ROOT", root)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(BuildError, match=r"^The arm64 wheels of .* cannot be had: .+9\.9\.9"):
        build.build("aws", tmp_path / "out")
    with pytest.raises(BuildError, match=r"^The arm64 wheels of duckdb cannot be had: .+9\.9\.9"):
        build.layer(tmp_path / "out")
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
    with pytest.raises(BuildError, match="does not pin b, d"):
        build.pinned(requirements, ("b", "aa", "d"))

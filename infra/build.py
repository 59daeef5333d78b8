"""Builds the zips of the functions and of their layers, the same bytes from the same sources."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, get_args

from packaging.markers import Marker

Flavour = Literal["local", "aws"]

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("glue", "queries", "transform")
OURS = {".py", ".json", ".sql", ".css"}
WHEELS = (
    *("aws-lambda-powertools", "jmespath", "msgspec", "typing-extensions"),
    *("boto3", "botocore", "python-dateutil", "s3transfer", "six", "urllib3"),
)
"""What the functions import. Lambda's Python brings a boto3 that changes whenever AWS has a newer
one, so ours is pinned, as AWS advises:
https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html (Runtime-included SDK versions).
Functions that work with tables have layers beside this, and none of AWS's: its pandas layer reads
and writes no zstd."""
SERVICES = ("athena", "dynamodb", "glue", "kinesis", "lambda", "s3", "sns", "sts")
"""What the functions call, awswrangler included: of botocore's 400 services the zip has these."""
LEVEL = 6
"""How hard zlib tries: its default. https://docs.python.org/3/library/zlib.html#zlib.compress"""
LAYERS = {
    "duckdb": ("duckdb",),
    "pyarrow": ("pyarrow",),
    "pandas": ("awswrangler", "numpy", "packaging", "pandas", "python-dateutil", "six"),
}
"""The wheels of each layer: CompactLake has the first two, RankTrends and TrendReport, which asks
Athena, the last two. The other functions start without them, and together they would not fit one
zip of 50 MiB."""
# Of pyarrow, what `pyarrow.parquet`, `pyarrow.compute` and awswrangler load, and the libraries that
# these are linked to: the wheel also brings Flight, file systems, headers, tests, and copies of
# libraries where links are meant.
_OF_PYARROW = re.compile(
    r"""(parquet/|vendored/)?\w+\.py
    | (lib|_acero|_compute|_csv|_dataset|_dataset_parquet|_fs|_json|_parquet)\.[\w-]+\.so
    | lib(parquet|arrow(_acero|_compute|_dataset|_python|_substrait)?)\.so\.\d+""",
    re.VERBOSE,
)

_NOT_CODE = {".a", ".h", ".pxd", ".pyc", ".pyi", ".pyx"}

# Lambda's python3.13 on arm64 is Amazon Linux 2023, whose glibc is 2.34.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
_PLATFORMS = ("manylinux_2_34_aarch64", "manylinux_2_28_aarch64", "manylinux2014_aarch64")
_PYTHON = "3.13"
_LAMBDA = {
    "python_version": _PYTHON,
    "python_full_version": f"{_PYTHON}.0",
    "sys_platform": "linux",
    "platform_machine": "aarch64",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
}
# What Lambda takes of a function, layers included, and of a zip that does not come by way of S3.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_UNZIPPED = 250 * 1024 * 1024
MAX_ZIPPED = 50 * 1024 * 1024

# The earliest time a zip can hold, and a plain readable file: neither may differ between builds.
_TIME = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644 << 16


class BuildError(Exception):
    """The zip cannot be built; the message says why in a sentence."""


def build(flavour: Flavour, out: Path) -> Path:
    """Build `functions-<flavour>.zip` in the directory `out`, made if missing, and give its path.

    `local` holds our code; `aws` also the wheels pinned in requirements.txt, for Lambda on arm64.
    The file appears whole or not at all. Raises `BuildError` where the wheels cannot be had.
    """
    if flavour not in get_args(Flavour):
        raise BuildError(f"There is no flavour {flavour!r}; build one of {get_args(Flavour)}.")

    def files(scratch: Path) -> dict[str, Path]:
        return dict(_ours()) | (_theirs(WHEELS, scratch) if flavour == "aws" else {})

    return _built(out / f"functions-{flavour}.zip", files)


def layer(name: str, out: Path) -> Path:
    """Build `<name>-layer.zip`, one of `LAYERS`, in `out`, made if missing, and give its path.

    It holds the pinned wheels for Lambda on arm64, in the folder that Lambda puts on Python's path.
    The file appears whole or not at all. Raises `BuildError` where the wheels cannot be had.
    """

    # https://docs.aws.amazon.com/lambda/latest/dg/python-layers.html
    def files(scratch: Path) -> dict[str, Path]:
        return {f"python/{name}": path for name, path in _theirs(LAYERS[name], scratch).items()}

    return _built(out / f"{name}-layer.zip", files)


def _built(target: Path, files: Callable[[Path], dict[str, Path]]) -> Path:
    """Zip what `files` gives, told where it may leave things, and put the zip where it belongs."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=target.parent) as scratch:
        held = files(Path(scratch))
        draft = Path(scratch) / target.name
        _zip(held, draft)
        unzipped = sum(path.stat().st_size for path in held.values())
        for size, most in ((unzipped, MAX_UNZIPPED), (draft.stat().st_size, MAX_ZIPPED)):
            if size > most:
                raise BuildError(f"{target.name} has {size} bytes; Lambda takes {most} of that.")
        os.replace(draft, target)
    return target


def _ours() -> Iterator[tuple[str, Path]]:
    """Our own modules, tables, questions and styles, by their names in the zip."""
    for folder in SOURCES:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in OURS:
                yield path.relative_to(ROOT).as_posix(), path


def _theirs(wheels: tuple[str, ...], scratch: Path) -> dict[str, Path]:
    """What the pinned wheels install, by its path below the folder they are installed in."""
    pins = scratch / "pins.txt"
    pins.write_text(pinned((ROOT / "requirements.txt").read_text("utf-8"), wheels), "utf-8")
    installed = scratch / "installed"
    platforms = [part for platform in _PLATFORMS for part in ("--platform", platform)]
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        # pip would ask the Python that builds; the tags of a wheel say which it is for.
        "--ignore-requires-python",
        *("--no-deps", "--require-hashes", "--only-binary", ":all:", "--no-compile"),
        *("--implementation", "cp", "--python-version", _PYTHON, *platforms),
        *("--target", str(installed), "--requirement", str(pins)),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if ended.returncode:
        lines = [line for line in ended.stderr.splitlines() if line.startswith("ERROR: ")]
        why = lines[-1].removeprefix("ERROR: ") if lines else "pip said nothing"
        raise BuildError(f"The arm64 wheels of {', '.join(wheels)} cannot be had: {why}")
    return {
        path.relative_to(installed).as_posix(): path
        for path in installed.rglob("*")
        if path.is_file() and _belongs(path.relative_to(installed))
    }


def _belongs(path: Path) -> bool:
    """Whether an installed file is code, or the METADATA that DuckDB reads its own version in.

    What else pip leaves, scripts included, tells of the machine that builds.
    """
    if path.parts[0].endswith(".dist-info"):
        return path.name == "METADATA"
    if path.parts[:2] == ("botocore", "data") and len(path.parts) > 3:
        return path.parts[2] in SERVICES
    if path.parts[0] == "pyarrow":
        return bool(_OF_PYARROW.fullmatch(path.relative_to("pyarrow").as_posix()))
    # What pandas and numpy are tested with is half of them.
    unwanted = {"bin", "tests"} & set(path.parts)
    return not unwanted and path.suffix not in _NOT_CODE


def pinned(requirements: str, names: tuple[str, ...]) -> str:
    """The lines of a hashed requirements file that pin `names` for Lambda, each with its hashes.

    A pin that is for other Pythons alone is not taken, and a condition that Lambda meets is left
    out: pip would ask the Python that builds. Raises `BuildError` for a name that is not pinned.
    """
    blocks = {
        found["name"]: found["pin"] + found["hashes"]
        for found in re.finditer(
            r"^(?P<pin>(?P<name>[a-z0-9][a-z0-9._-]*)==[^\s;]+)(?: ; (?P<marker>.+?))?"
            r"(?P<hashes>(?: \\\n.*?)*)$",
            requirements,
            re.MULTILINE,
        )
        if found["marker"] is None or Marker(found["marker"]).evaluate(_LAMBDA)
    }
    missing = [name for name in names if name not in blocks]
    if missing:
        raise BuildError(f"requirements.txt does not pin {', '.join(missing)}.")
    return "".join(blocks[name].rstrip("\n") + "\n" for name in names)


def _zip(files: dict[str, Path], target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _MODE
            entry.create_system = 3  # Unix, also where it is built on Windows
            archive.writestr(entry, files[name].read_bytes(), compresslevel=LEVEL)

"""Builds the zip of the functions, byte for byte the same from the same sources."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

Flavour = Literal["local", "aws"]

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("glue", "transform")
WHEELS = ("aws-lambda-powertools", "jmespath", "msgspec", "typing-extensions")
"""What the functions import and Lambda's Python does not bring; boto3 it does. Those that write
Parquet have a layer of AWS's beside this, with pyarrow and pandas."""

# Lambda's python3.13 on arm64 is Amazon Linux 2023, whose glibc is 2.34.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
_PLATFORMS = ("manylinux_2_34_aarch64", "manylinux_2_28_aarch64", "manylinux2014_aarch64")
_PYTHON = "3.13"
_MAX_UNZIPPED = 250 * 1024 * 1024  # Lambda quotas: deployment package, unzipped

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
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"functions-{flavour}.zip"
    with tempfile.TemporaryDirectory(prefix=".build-", dir=out) as scratch:
        files = dict(_ours())
        if flavour == "aws":
            files |= _theirs(Path(scratch))
            size = sum(path.stat().st_size for path in files.values())
            if size > _MAX_UNZIPPED:
                raise BuildError(f"The functions unzip to {size} bytes; Lambda takes 250 MB.")
        draft = Path(scratch) / target.name
        _zip(files, draft)
        os.replace(draft, target)
    return target


def _ours() -> Iterator[tuple[str, Path]]:
    """Our own modules and tables, by their names in the zip."""
    for folder in SOURCES:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".py", ".json"}:
                yield path.relative_to(ROOT).as_posix(), path


def _theirs(scratch: Path) -> dict[str, Path]:
    """What the pinned wheels install, by its names in the zip."""
    pins = scratch / "pins.txt"
    pins.write_text(pinned((ROOT / "requirements.txt").read_text("utf-8"), WHEELS), "utf-8")
    installed = scratch / "installed"
    platforms = [part for platform in _PLATFORMS for part in ("--platform", platform)]
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--require-hashes", "--only-binary", ":all:", "--no-compile"),
        *("--implementation", "cp", "--python-version", _PYTHON, *platforms),
        *("--target", str(installed), "--requirement", str(pins)),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if ended.returncode:
        lines = [line for line in ended.stderr.splitlines() if line.startswith("ERROR: ")]
        why = lines[-1].removeprefix("ERROR: ") if lines else "pip said nothing"
        raise BuildError(f"The arm64 wheels of {', '.join(WHEELS)} cannot be had: {why}")
    return {
        path.relative_to(installed).as_posix(): path
        for path in installed.rglob("*")
        if path.is_file() and _belongs(path.relative_to(installed))
    }


def _belongs(path: Path) -> bool:
    """Whether an installed file is code; metadata and scripts tell of the machine that builds."""
    return (
        path.parts[0] != "bin"
        and path.suffix not in {".pyc", ".pyi"}
        and not path.parts[0].endswith(".dist-info")
    )


def pinned(requirements: str, names: tuple[str, ...]) -> str:
    """The lines of a hashed requirements file that pin `names`, each with its hashes.

    Raises `BuildError` for a name that is not pinned.
    """
    blocks = {
        found["name"]: found[0]
        for found in re.finditer(
            r"^(?P<name>[a-z0-9][a-z0-9._-]*)==(?:.*\\\n)*.*\n?", requirements, re.MULTILINE
        )
    }
    missing = [name for name in names if name not in blocks]
    if missing:
        raise BuildError(f"requirements.txt does not pin {', '.join(missing)}.")
    return "".join(blocks[name].rstrip("\n") + "\n" for name in names)


def _zip(files: dict[str, Path], target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _MODE
            entry.create_system = 3  # Unix, also where it is built on Windows
            archive.writestr(entry, files[name].read_bytes())

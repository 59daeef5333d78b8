"""Plans that are saved: what was shown is what is applied, and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from infra.terraform import runner
from infra.terraform.runner import Tell, TerraformError


class Saved(msgspec.Struct, frozen=True):
    """A plan: of what, whether it changes anything, and the files it deploys, by their SHA-256."""

    stage: str
    destroy: bool
    changes: bool
    files: dict[str, str]


def make(
    stage: str,
    variables: Mapping[str, str],
    files: Iterable[Path] = (),
    tell: Tell | None = None,
    *,
    destroy: bool = False,
) -> Saved:
    """Tell line by line what would change, and save that; raises `TerraformError`."""
    _said(stage).unlink(missing_ok=True)
    options = [f"-out={runner.planned(stage)}", *(["-destroy"] if destroy else [])]
    changes = runner.plan(stage, variables, tell, options)
    saved = Saved(stage, destroy, changes, {str(path): _digest(path) for path in files})
    _said(stage).write_bytes(msgspec.json.encode(saved))
    return saved


def read(stage: str) -> Saved:
    """Give the plan that was saved last; `TerraformError` where there is none."""
    try:
        return msgspec.json.decode(_said(stage).read_bytes(), type=Saved)
    except FileNotFoundError:
        raise TerraformError(f"Nothing is planned: lake plan --stage {stage}.") from None


def apply(saved: Saved, tell: Tell | None = None) -> dict[str, Any]:
    """Do what was planned, and give the stage's outputs by name. A plan is good for one apply.

    Raises `TerraformError` where what it deploys was built anew since, or the stage was changed.
    """
    for path, digest in saved.files.items():
        if not Path(path).exists() or _digest(Path(path)) != digest:
            raise TerraformError(
                f"{path} is not what was planned: lake plan --stage {saved.stage} again."
            )
    _said(saved.stage).unlink(missing_ok=True)
    return runner.apply_planned(saved.stage, tell)


def _said(stage: str) -> Path:
    planned = runner.planned(stage)
    return planned.with_name(planned.name + ".json")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

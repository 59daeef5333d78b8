"""What tools write, by their names: small files of options that people copy and change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

FOLDER = Path(__file__).parent / "presets"


class Preset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Options of `lake backfill`, and what they are for.

    `map` names columns by fields, as `--map` does, and `values` gives what stands for a value of a
    field: `{"action": {"d": "unlike"}}`; a value that it does not have makes no like.
    """

    about: str
    map: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    only_mapped: bool = False
    where: str | None = None
    time_unit: str | None = None
    time_zone: str | None = None
    delimiter: str | None = None
    columns: list[str] = []
    header: bool = False
    escape: bool = False


def names() -> list[str]:
    """Give the names of those we know."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def read(name: str) -> Preset:
    """Give one of ours by its name, or a file of that form by its path.

    Raises `ValueError` with a sentence for people.
    """
    path = Path(name) if name.endswith(".json") else FOLDER / f"{name}.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Preset)
    except FileNotFoundError:
        raise ValueError(
            f"There is no preset {name}; there are {', '.join(names())}, and files called .json."
        ) from None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no preset: {error}.") from None


def told() -> str:
    """Say what each is for."""
    rows: list[tuple[str, Any]] = [(name, read(name).about) for name in names()]
    wide = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:{wide}}  {about}" for name, about in rows)

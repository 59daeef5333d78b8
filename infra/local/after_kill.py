"""What a kill of the emulator leaves, and mending it.

Tables and the stream are then as they were at the emulator's last start, the lake's objects as at
the kill: counts and trends lack what came between. The lake has it, and the places of all of it are
above what the counts remember, so it is counted from there. What the API had taken, and neither
Firehose nor anybody else had written down yet, is gone with the stream.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from infra.cli.steps import Steps, Tell
from infra.stage import Stage


def mark(home: Path) -> Path:
    """A mark that stands from when the emulator was found killed until what that left is mended."""
    return home / "unmended"


def mend(home: Path, stage: Stage, steps: Steps, how: Callable[[Stage, Tell], int]) -> None:
    """Mend what the kill left, if it is marked; where some is left, that is told, and the mark
    stays. `how` gives how much is left."""
    if not mark(home).exists():
        return
    with steps.step("Mending what the kill left of counts and trends") as tell:
        left = how(stage, tell)
    if left:
        steps.note(
            "Some numbers still differ: `lake reconcile` names films, hours and step, and "
            "`lake reconcile --repair` mends what can be."
        )
        return
    mark(home).unlink()


def reconcile(stage: Stage, tell: Tell) -> int:
    """Mend as `lake reconcile --repair` does, but wait for nobody: what the tables lack of what the
    lake has, the stream has no more. Gives how much is left."""
    from infra.cli import reconcile  # with it come DuckDB and Arrow

    done = reconcile.repair(stage, tell, grace_ms=0)
    tell(reconcile.told(done).splitlines()[0])
    return len(done.left)

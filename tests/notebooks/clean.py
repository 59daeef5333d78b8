"""What a notebook must not hold when it is committed, and what is left of it without that."""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import nbformat
from nbformat import NotebookNode

# Places on one machine: below a home or the system's own folders, a drive, a file's URL.
_PATH = re.compile(
    r"""(?<![\w.:/}])/(?:home|Users|root|mnt|tmp|var|opt|private|Volumes)/[^\s"'`)]*"""
    r"""|(?<![A-Za-z])[A-Za-z]:\\[^\s"'`)]*"""
    r"""|\bfile://[^\s"'`)]*"""
)
_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def stripped(notebook: NotebookNode) -> NotebookNode:
    """The notebook without outputs, counts of execution, and what editors note of themselves.

    Tags of cells are kept: they tell tools which cell holds parameters.
    """
    clean = deepcopy(notebook)
    clean.metadata = nbformat.from_dict(
        {"kernelspec": _KERNEL, "language_info": {"name": "python"}}
    )
    for cell in clean.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None
    return clean


def faults(notebook: NotebookNode) -> Iterator[str]:
    """What keeps the notebook from being committed: the cell, what is wrong, what to do."""
    for number, cell in enumerate(notebook.cells, 1):
        where = f"cell {number}"
        if cell.get("outputs"):
            yield f"{where} holds outputs; `make strip` removes them."
        if cell.get("execution_count") is not None:
            yield f"{where} holds a count of execution; `make strip` removes it."
        yield from _paths(where, [cell.source, cell.get("attachments", {})])
        yield from _paths(f"{where}, metadata", cell.metadata)
    yield from _paths("metadata", notebook.metadata)
    if notebook.metadata != stripped(notebook).metadata:
        yield "metadata tells of an editor or a kernel; `make strip` removes it."


def _paths(where: str, held: Any) -> Iterator[str]:
    """A fault for each path in a text, or in any text of a list or mapping."""
    if isinstance(held, str):
        for found in _PATH.finditer(held):
            yield (
                f"{where} names {found[0]}, which only one machine has; use a relative path, or "
                "`make strip` where an editor noted it."
            )
    elif isinstance(held, dict):
        for value in [*held.keys(), *held.values()]:
            yield from _paths(where, value)
    elif isinstance(held, list):
        for value in held:
            yield from _paths(where, value)

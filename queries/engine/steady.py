"""What other libraries make of folders, each read as it stood at one moment."""

import random
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from queries.engine.errors import EngineFailed
from queries.engine.listing import Listing
from queries.engine.store import File, Store

T = TypeVar("T")
Read = Callable[[list[str]], T]
_PAUSES = [min(0.05 * 2**place, 1) for place in range(20)]  # seconds, at most


def steadily(
    store: Store,
    folders: Sequence[str],
    read: Read[T],
    wait: Callable[[float], None] = time.sleep,
) -> list[T]:
    """What `read` makes of each of these neighbouring folders that holds files, in their order.

    It is called with the `s3://` paths of a folder's files. Where these are no longer the same
    when it has read them, or failed, it is called again, some times: first for all folders at
    once, with one listing before and one after, then for each by itself, as that takes less time.
    Whatever it raises over files that stayed as they were is raised. `EngineFailed` for a folder
    that changed each time.
    """
    found: dict[str, list[T]] = {}
    batches = [list(folders)] if folders else []
    for pause in (*_PAUSES, None):
        for batch in batches:
            found |= _unchanged(store, batch, read)
        batches = [[folder] for folder in folders if folder not in found]
        if not batches:
            break
        if pause is None:
            [[folder], *_] = batches
            raise EngineFailed(f"{folder} changes faster than it is read; try again in a minute.")
        wait(random.uniform(0, pause))  # not in step with whoever writes
    return [result for folder in folders for result in found[folder]]


def _unchanged(store: Store, folders: Sequence[str], read: Read[T]) -> dict[str, list[T]]:
    """What was read of each of the folders that stayed as it was; nothing where it has no files."""
    listing = Listing(store)
    depth = len(folders[0].split("/"))

    def place(file: File) -> str:
        return "/".join(file.path.split("/")[:depth])

    paths: dict[str, list[str]] = {folder: [] for folder in folders}
    for file in listing.files(folders[0], folders[-1]):
        if place(file) in paths:
            paths[place(file)].append(f"s3://{file.path}")
    found: dict[str, list[T]] = {}
    for folder in folders:
        try:
            found[folder] = [read(paths[folder])] if paths[folder] else []
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # of whatever library: Polars panics, which is no Exception
            if folder not in map(place, listing.changed()):
                raise
    changed = set(map(place, listing.changed()))
    return {folder: result for folder, result in found.items() if folder not in changed}

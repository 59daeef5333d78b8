"""What one try at a question sees of the store: each folder as it stood at one moment."""

from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import pyarrow as pa

from queries.engine.store import AT_ONCE, File, Store

_TRIES = 10


@dataclass(frozen=True, slots=True)
class Listing:
    """Folders as they are first listed: all scans of a question see the same.

    Those in `held` are read whole, into memory: what becomes of them later does not matter. Others
    are read bit by bit from the store; `changed` tells whether they stood still meanwhile.
    """

    store: Store
    held: Collection[str] = ()
    _seen: dict[str, list[File]] = field(default_factory=dict)
    _listed: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    @property
    def folders(self) -> set[str]:
        """All folders that hold files that were seen."""
        return set(self._seen)

    def files(self, first: str, last: str) -> list[File]:
        """The files of the folders of one folder from the first to the last."""
        if (first, last) not in self._listed:
            found = _by_folder(self.store.files(first, last))
            for folder, files in found.items():
                if folder not in self._seen:
                    self._seen[folder] = self._hold(folder) if folder in self.held else files
            self._listed[first, last] = list(found)
        return [file for folder in self._listed[first, last] for file in self._seen[folder]]

    def changed(self) -> list[File]:
        """The files that have been replaced or removed since they were listed.

        Where there is none, what was read stood there all the while; files that are new do not
        matter to that.
        """
        read = [file for files in self._seen.values() for file in files if file.body is None]
        if not read:
            return []
        with ThreadPoolExecutor(AT_ONCE) as pool:
            listed = pool.map(lambda run: self.store.files(*run), self._listed)
            now = {_identity(file) for files in listed for file in files}
        return [file for file in read if _identity(file) not in now]

    def _hold(self, folder: str) -> list[File]:
        """The folder's files with their bodies, all of which stood there at one moment."""
        bodies: dict[tuple[str, str], pa.Buffer] = {}
        for _ in range(_TRIES):
            files = _by_folder(self.store.files(folder, folder)).get(folder, [])
            for file in files:
                if (file.path, file.etag) not in bodies and (found := self.store.read(file.path)):
                    bodies[file.path, found[0]] = found[1]
            if all((file.path, file.etag) in bodies for file in files):
                return [replace(file, body=bodies[file.path, file.etag]) for file in files]
        raise OSError(f"{folder} changes faster than it can be read")


def _by_folder(files: Iterable[File]) -> dict[str, list[File]]:
    found: dict[str, list[File]] = {}
    for file in files:
        found.setdefault(file.folder, []).append(file)
    return found


def _identity(file: File) -> tuple[object, ...]:
    return file.path, file.etag, file.written

"""A day of the lake as it stands: its objects, and what is staged for it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from transform.lake import keys
from transform.lake.division import DAY_HOURS, Division
from transform.lake.watermark import Object

ROW_BYTES = 27
"""What a like takes in the lake (`make bench`)."""


@dataclass(slots=True)
class Standing:
    """A day as it is: its objects and files by name, its totals; and the rows that are staged for
    each of its epoch hours."""

    day: int
    staged: Mapping[int, int]
    totals: Object | None = None
    repeats: Object | None = None
    objects: dict[str, Object] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)

    def parts(self, division: Division) -> list[Object]:
        """Give what is merged with the staged rows: all of the day, or where it is divided so
        already, their hours."""
        hours = {name: division.hour_of(name) for name in self.objects}
        touched = {hour % DAY_HOURS for hour in self.staged}
        if not division.by_hour or None in hours.values() or not touched:
            return list(self.objects.values())
        return [self.objects[name] for name, hour in hours.items() if hour in touched]

    def size(self, division: Division) -> int:
        """About its bytes, with the rows that are new or may be."""
        rows = sum(self.staged.values())
        return rows * ROW_BYTES + sum(one.size for one in self.parts(division))

    def named(self) -> Iterator[tuple[Path, str]]:
        """Give its files, and the keys of their objects."""
        for name, path in self.files.items():
            yield path, keys.likes(self.day, name)

    @property
    def etags(self) -> dict[str, str]:
        """The ETags of its objects by name."""
        return {name: one.etag for name, one in self.objects.items()}

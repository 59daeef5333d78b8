"""DuckDBs that tests use one after another: to make one takes longer than most of them ask it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from transform.lake import duck

_idle: dict[tuple[int, int], list[DuckDBPyConnection]] = {}
_made = duck.engine


@contextmanager
def engine(scratch: Path, memory_mb: int, threads: int) -> Iterator[DuckDBPyConnection]:
    """Give a session of a DuckDB as `duck.engine` makes it, that no other has now, and that holds
    nothing; one that has spilled is not used again, as it keeps to its folder."""
    idle = _idle.setdefault((memory_mb, threads), [])
    made = idle.pop() if idle else _made(scratch, memory_mb, threads)
    spilled = scratch / "spilled"
    made.execute(f"SET temp_directory = {duck.quoted(spilled)}")
    try:
        with duck.cursor(made) as session:
            yield session
    finally:
        if spilled.exists() or not _emptied(made):
            made.close()
        else:
            idle.append(made)


def _emptied(made: DuckDBPyConnection) -> bool:
    """Drop what tables there are."""
    with suppress(duckdb.Error):
        for (name,) in made.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            made.execute(f"DROP TABLE {name}")
        return True
    return False

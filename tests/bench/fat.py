"""Fat: the memory that compaction takes where each like brings 4 KB, of which snappy makes little.

A batch is 128 MB of raw files, and fifteen times as many once they are read.
"""

import io
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import rich

from tests.bench import growth, watched
from tests.bench.folder import Folder
from tests.bench.measure import Comparison

LIKES, FILES = 500_000, 50
MOST_MB = 3_008
"""What CompactLake has."""


def run() -> list[Comparison]:
    """Compact them as the function does, in a process of its own."""
    with (
        TemporaryDirectory() as folder,
        rich.get_console().status(f"fat: {LIKES:,} likes of 4 KB"),
    ):
        size = _deliver(Path(folder))
        told, peak = watched.run(["-m", "tests.bench.fat", folder], os.environ)
    what = f"fat, {LIKES:,} likes of 4 KB, {size / 1e6:.0f} MB of raw files, compacted: memory"
    target, met = f"<= {MOST_MB:,} MB", peak <= MOST_MB * 1e6
    held = f"{peak / 1e6:,.0f} MB"
    return [Comparison(what, held, "it takes", f"{float(told):.1f} s", "-", target, met)]


def _deliver(root: Path) -> int:
    """Have them there; gives the bytes of all files."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from transform.lake.parquet import SCHEMA

    likes = growth._shifted(growth._likes(LIKES, seed=1), 0, seed=1)
    place, each, size = SCHEMA.get_field_index("extra"), LIKES // FILES, 0
    at = f"{growth.FIRST:%Y-%m-%d}"
    for number in range(FILES):
        some = likes.slice(number * each, each)
        extra = [f'{{"n":{n},"k":"{"abcdefgh" * 490}"}}' for n in range(each)]
        some = some.set_column(place, "extra", pa.array(extra))
        body = io.BytesIO()
        pq.write_table(some, body, compression="snappy")
        file = root / f"raw/arrival_day={at}/arrival_hour=23/{number}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        size += file.write_bytes(body.getvalue())
    return size


def _main() -> None:
    from transform.aws import compacting
    from transform.aws.buckets import Bucket
    from transform.aws.lake_writer import Power
    from transform.handlers.compact import OTHERS_MB

    client: Any = Folder(Path(sys.argv[1]))
    start = time.perf_counter()
    done = compacting.compact(Bucket(client, "lake"), power=Power(MOST_MB - OTHERS_MB))
    assert done.new == LIKES, done
    print(time.perf_counter() - start)


if __name__ == "__main__":
    _main()

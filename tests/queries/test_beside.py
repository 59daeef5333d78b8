"""Questions asked beside one another, as a report asks them, all end."""

import subprocess
import sys
from pathlib import Path

from tests.examples import nightly

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import pyarrow as pa
import queries
from tests.queries.lake import Lake

pa.set_cpu_count(1)
lake = Lake(Path(sys.argv[1]))
row = {"reason": "not_json", "detail": "d", "payload": "p" * 100, "payload_encoding": "utf-8",
       "line": 1, "received_at": "2026-01-31 12:00:00.000"}
for number in range(20):
    lake.put_rejected("2026-01-31", f"{number}.json.gz", [row] * 20)
wide = ", ".join(f"CAST(line AS varchar) AS c{n}" for n in range(20))
asked = f"SELECT {wide} FROM rejected WHERE day = '2026-01-31'"
with ThreadPoolExecutor(8) as pool:
    frames = list(pool.map(lambda _: queries.run(asked, connection=lake.connection), range(80)))
assert {len(frame) for frame in frames} == {400}
"""


@nightly
def test_none_waits_for_python_s_lock_in_a_thread_that_a_scan_waits_for(tmp_path):
    """DuckDB holds the lock while a scan of JSON waits for a thread of Arrow's pool. Where all of
    these wanted the lock, to make a frame, nothing went on for ever."""
    subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], cwd=ROOT, check=True, timeout=240
    )

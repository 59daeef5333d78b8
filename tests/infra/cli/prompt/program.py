"""`lake sql` on a lake in a folder, also on a terminal that is its stdin: `program.py FOLDER …`."""

import fcntl
import signal
import sys
import termios
from datetime import datetime
from pathlib import Path
from typing import Any

import lake
import queries
from tests.queries.lake import Lake, like

if __name__ == "__main__":
    if sys.stdin.isatty():
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C interrupts this program
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started it
    folder = Lake(Path(sys.argv[1]))
    at = datetime(2026, 3, 1)
    folder.put_lake([like(n, at) for n in range(300)])
    queries.connect = lambda stage: folder.connection  # type: ignore[assignment]
    asks = queries.stream

    def stream(question: str, **given: Any) -> Any:
        print("Asking.", file=sys.stderr, flush=True)
        return asks(question, **given)

    queries.stream = stream  # type: ignore[assignment]
    lake.main(["sql", *sys.argv[2:]])

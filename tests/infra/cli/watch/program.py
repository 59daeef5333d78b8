"""`lake watch` as a program of its own, on a stage that nobody made.

FOLDER and arguments of the command line; FOLDER/calls gets what the stream was asked.
"""

import fcntl
import os
import sys
import termios
from pathlib import Path
from typing import Any

import msgspec

import lake
from infra import stage as stages
from infra.cli.watch import command
from infra.stage import Stage
from tests.bucket import Objects
from tests.infra.cli.watch import stream
from tests.stages import OUTPUTS
from transform.lake.movies import KEY, Movie, encode


def main(folder: Path, arguments: list[str]) -> None:
    """Run it; on a terminal, as the terminal's own program, so that it gets its Ctrl-C."""
    if os.isatty(0):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    kinesis = stream.Kinesis(log=folder / "calls")
    for number in range(int(os.environ.get("OTHERS", "0"))):
        kinesis.add(f"other-{number}")
    s3 = Objects()
    s3.add(KEY, encode([Movie("tt0068646", "The Godfather", 1972)]))
    outputs = msgspec.structs.replace(OUTPUTS, api_url="http://127.0.0.1:9/local")

    class Here(Stage, frozen=True):
        def client(self, service: str, **settings: Any) -> Any:
            return {"kinesis": kinesis, "s3": s3}[service]

    stages.open_stage = lambda name: Here(name, outputs)
    command.Reader = stream.Reader
    # Long enough for a loaded machine to come to the removal that is stuck.
    command.PEACE_S, command.REMOVAL_S = 0.1, 6.0
    lake.main(arguments)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])

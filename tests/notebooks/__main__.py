"""`make lint`: no notebook holds outputs or a path of one machine. `--strip` removes outputs."""

import sys
from pathlib import Path

import nbformat

from tests.notebooks import clean

_FORMAT = 4  # of nbformat; since 4.5 cells have ids


def main(*arguments: str) -> int:
    """Check the notebooks named, or strip them; 1 where something is wrong with any."""
    strip = "--strip" in arguments
    named = [Path(argument) for argument in arguments if argument != "--strip"]
    failed = False
    for path in named or sorted(Path("notebooks").glob("*.ipynb")):
        try:
            notebook = nbformat.read(path, _FORMAT)
            nbformat.validate(notebook)
        except (nbformat.ValidationError, nbformat.reader.NotJSONError) as error:
            print(f"{path}: is no notebook: {str(error).splitlines()[0]}", file=sys.stderr)
            failed = True
            continue
        if strip:
            nbformat.write(clean.stripped(notebook), path)
            continue
        for fault in clean.faults(notebook):
            print(f"{path}: {fault}", file=sys.stderr)
            failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

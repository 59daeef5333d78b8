"""`make pictures`: the pictures that README shows, of a stage made for them that really runs.

terminal.svg                 the totals of `lake demo`, and questions after it
page.png, page-phone.png     the page with the Like button
report.png, report-phone.png the newest daily report
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import Browser, sync_playwright
from rich.console import CONSOLE_SVG_FORMAT, Console
from rich.text import Text

from infra.local import ports
from tests import browser

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "infra/pictures"
COMMANDS = (
    ("demo",),
    ("trending", "--window", "1h", "--limit", "5"),
    ("sql", "top_movies", "-p", "n=5"),
)
MOST_BYTES = {".svg": 100_000, ".png": 250_000}
SIZES = {"": (1120, 1200), "-phone": (390, 844)}
_PATIENCE_S = 1_800


class PictureError(Exception):
    """Pictures that cannot be made; the message says why."""


def main() -> int:
    """Make all pictures anew; exit code 1 and a sentence where one cannot be made."""
    try:
        with _chromium() as chromium, _stage() as home:
            print("Running lake demo; this takes some minutes ...", file=sys.stderr)
            _keep("terminal.svg", terminal([(words, _lake(home, *words)) for words in COMMANDS]))
            site = json.loads((home / "site.json").read_text("utf-8"))["url"]
            _shoot(chromium, site, "page")
            _shoot(chromium, _newest_report(chromium, site), "report")
    except (PictureError, FileNotFoundError) as error:
        print(f"pictures: {error}", file=sys.stderr)
        return 1
    return 0


def terminal(runs: Sequence[tuple[Sequence[str], str]]) -> str:
    """Give the SVG of a terminal in which `lake` ran: commands, and what each of them wrote."""
    shown = [(f"lake {' '.join(words)}", _gist(words, text)) for words, text in runs]
    width = max(len(line) for command, text in shown for line in (f"$ {command}", *text))
    console = Console(record=True, file=StringIO(), width=width + 1, force_terminal=True)
    for n, (command, text) in enumerate(shown):
        console.print(Text.assemble("\n" if n else "", ("$ ", "dim"), (command, "bold cyan")))
        for line in text:
            console.print(_coloured(line))
    # Fonts are the reader's own: nothing is fetched to show the picture.
    form = re.sub(r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    return console.export_svg(title="movie likes lake", code_format=form)


def _gist(words: Sequence[str], text: str) -> list[str]:
    """What a command wrote; of the demonstration, the table of its totals."""
    lines = [line.rstrip() for line in text.strip("\n").splitlines()]
    return lines[: lines.index("")] if words[0] == "demo" else lines


def _coloured(line: str) -> Text:
    text = Text(line)
    text.highlight_regex(r"✓|▲\d+", "green")
    text.highlight_regex(r"✗|▼\d+", "red")
    text.highlight_regex(r"─+", "dim")
    return text


@contextmanager
def _chromium() -> Iterator[Browser]:
    found = browser.executable()
    if found is None:
        raise PictureError("Chromium is missing; on Debian: apt install chromium.")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=arguments)
        yield opened
        opened.close()


@contextmanager
def _stage() -> Iterator[Path]:
    """Give the home of a stage that is no one else's; what runs in it is stopped and removed."""
    with tempfile.TemporaryDirectory(prefix="lake-pictures-") as scratch:
        home = Path(scratch) / "lake"
        try:
            yield home
        finally:
            _lake(home, "down", "--wipe")


def _lake(home: Path, *words: str) -> str:
    """Run a command of `lake` as people do, on a port of its own, and give what it wrote."""
    if words[0] == "demo":
        words = (*words, "--port", str(ports.any_free()))
    done = subprocess.run(
        [sys.executable, "-m", "lake", *words],
        cwd=ROOT,
        env=os.environ | {"LAKE_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=_PATIENCE_S,
    )
    if done.returncode:
        raise PictureError(f"lake {' '.join(words)} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def _newest_report(chromium: Browser, site: str) -> str:
    """Give the address of the report that the page links to."""
    reports = urljoin(site, "/reports/")
    with chromium.new_context() as context:
        answer = context.request.get(urljoin(reports, "latest.json"))
        if not answer.ok:
            raise PictureError(f"There is no report at {answer.url} ({answer.status}).")
        return urljoin(reports, f"{answer.json()['name']}.html")


def _shoot(chromium: Browser, address: str, name: str) -> None:
    """Keep what a page shows first, once it is filled, on a desktop and on a phone; of one that
    makes too large a picture, less."""
    for size, (width, height) in SIZES.items():
        tab = chromium.new_page(viewport={"width": width, "height": height})
        answer = tab.goto(address)
        if answer is None or not answer.ok:
            raise PictureError(f"{address} cannot be opened.")
        tab.locator("main li").first.wait_for()
        tab.wait_for_timeout(3_000)  # counts and trends come after the page
        picture = tab.screenshot(animations="disabled")
        while len(picture) > MOST_BYTES[".png"]:
            height = height * 9 // 10
            tab.set_viewport_size({"width": width, "height": height})
            picture = tab.screenshot(animations="disabled")
        _keep(f"{name}{size}.png", picture)
        tab.close()


def _keep(name: str, picture: str | bytes) -> None:
    data = picture.encode() if isinstance(picture, str) else picture
    most = MOST_BYTES[Path(name).suffix]
    if len(data) > most:
        raise PictureError(f"{name} has {len(data):,} bytes; at most {most:,} are kept.")
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / name).write_bytes(data)
    print(f"infra/pictures/{name}: {len(data):,} bytes", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())

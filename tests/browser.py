"""Headless Chromium for tests of pages: pages to drive, pictures that are kept, and axe-core."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

# Nothing but the pages themselves is fetched.
_ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
"""Width and height of a window, in CSS pixels."""
PICTURES = Path(__file__).parent / "artefacts"
"""Where pictures of a test run are kept."""


def executable() -> str | None:
    """The Chromium on PATH; None where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


# Not longer than a module: Playwright keeps an event loop running in the thread of the tests.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for the tests of a module; without one they are skipped, and say why."""
    found = executable()
    if found is None:
        pytest.skip("Chromium is missing; on Debian: apt install chromium")
    arguments = [*_ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=arguments)
        yield opened
        opened.close()


def violations(page: Page) -> list[str]:
    """What axe-core finds serious or critical on a page as it is now: rules and elements."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {[node['target'] for node in rule['nodes']]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]


def picture(page: Page, name: str) -> None:
    """Keep pictures of a page, whole, at the width of a desktop and of a phone."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    before = page.viewport_size
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=PICTURES / f"{name}-{size}.png", full_page=True, animations="disabled")
    if before:
        page.set_viewport_size(before)

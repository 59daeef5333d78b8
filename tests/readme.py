"""What the READMEs show, as data: their shell commands and their Python."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOP = (ROOT / "README.md").read_text("utf-8")
PAGES = {
    path: path.read_text("utf-8")
    for folder in (".", "[a-z]*", "infra/[a-z]*")
    for path in sorted(ROOT.glob(f"{folder}/README.md"))
}
"""Every README of the repository, the top one included."""
TEXT = "\n".join(PAGES.values())
EVENT = ROOT / "transform/README.md"
"""The one that tells the fields of an event."""


def blocks(language: str) -> list[str]:
    """Give the code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """Give every shell line that the READMEs show, without its comment."""
    lines = "".join(blocks("sh")).splitlines()
    return [line.partition("  #")[0].strip() for line in lines if line.strip()]

"""What README shows, as data: its shell commands and its Python."""

import re
from pathlib import Path

TEXT = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    """Give the code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """Give every shell line that README shows, without its comment."""
    lines = "".join(blocks("sh")).splitlines()
    return [line.partition("  #")[0].strip() for line in lines if line.strip()]

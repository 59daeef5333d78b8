"""Steps of long work as people see them: the one under way, what it found, how long it took."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from time import monotonic

from rich.console import Console
from rich.markup import escape

Tell = Callable[[str], None]


class Steps:
    """Steps on a console: a spinner on a terminal, plain lines in a pipe."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def step(self, title: str) -> Iterator[Tell]:
        """Show a step while it lasts and its seconds after it; yields what shows a detail."""
        spinner = self._console.status(escape(title)) if self._console.is_terminal else None
        detail = ""

        def tell(text: str) -> None:
            nonlocal detail
            detail = text
            if spinner:
                spinner.update(f"{escape(title)} [dim]{escape(text)}[/dim]")

        if not spinner:
            self.note(f"{title} ...")
        began = monotonic()
        how = "failed after"
        try:
            with spinner or nullcontext():
                yield tell
            how = "done in"
        finally:
            told = f" ({detail})" if detail else ""
            self.note(f"{title}: {how} {monotonic() - began:.1f} s{told}")

    def note(self, text: str) -> None:
        """Say something in passing."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

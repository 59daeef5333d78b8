"""HTML that cannot be built unescaped: what is no `Html` yet is text, and is escaped as such."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

Attribute = str | int | float | None
# What HTML forbids in a document: controls but for tab and line breaks, and noncharacters.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_VOID = frozenset({"link", "meta"})


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def escaped(text: str) -> Html:
    """Text as markup that shows it, quotes included; markup as it is."""
    if isinstance(text, Html):
        return text
    return Html(html.escape(_FORBIDDEN.sub("\ufffd", text)))


def join(parts: Iterable[str], between: str = "") -> Html:
    """Parts one after the other."""
    return Html(escaped(between).join(escaped(part) for part in parts))


def tag(element: str, *inside: str, **attributes: Attribute) -> Html:
    """An element. `aria_label` is its aria-label, `class_` its class; None leaves one out."""
    told = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escaped(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if element in _VOID:
        return Html(f"<{element}{told}>")
    return Html(f"<{element}{told}>{join(inside)}</{element}>")


def table(
    caption: str, columns: Iterable[str], rows: Iterable[Iterable[str]], texts: int = 1
) -> Html:
    """A table that scrolls within itself, by keyboard too; its first `texts` columns hold text."""
    heads = [
        tag("th", column, scope="col", class_=None if n < texts else "n")
        for n, column in enumerate(columns)
    ]
    body = [
        tag(
            "tr",
            *(
                tag("th", cell, scope="row")
                if n == 0
                else tag("td", cell, class_=None if n < texts else "n")
                for n, cell in enumerate(row)
            ),
        )
        for row in rows
    ]
    return tag(
        "div",
        tag(
            "table",
            tag("caption", caption),
            tag("thead", tag("tr", *heads)),
            tag("tbody", join(body, "\n")),
        ),
        class_="scroll",
        tabindex=0,
        role="region",
        aria_label=f"Table: {caption}",
    )


def behind(summary: str, *tables: Html) -> Html:
    """Tables behind a chart: opened by who wants the numbers, open in print."""
    return tag("details", tag("summary", summary), *tables)


def section(name: str, heading: str, *inside: str) -> Html:
    """A part of a page, with its heading, which names it."""
    title = tag("h2", heading, id=name)
    return tag("section", title, *inside, class_=name, aria_labelledby=name)

"""What a page is made of: its elements, told whether they are well formed, and its texts."""

from html.parser import HTMLParser

VOID = {"meta", "link"}
ELEMENTS = {
    *("html", "head", "meta", "title", "style", "link", "body", "header", "main", "footer", "nav"),
    *(
        "section",
        "div",
        "h1",
        "h2",
        "h3",
        "p",
        "a",
        "span",
        "bdi",
        "strong",
        "em",
        "ol",
        "ul",
        "li",
    ),
    *("dl", "dt", "dd", "details", "summary", "table", "caption", "thead", "tbody", "tr", "th"),
    *("td", "svg", "g", "rect", "line", "polyline", "polygon", "circle", "text"),
}


class Page(HTMLParser):
    """Reads a page; `AssertionError` where an element is not closed, or not in its order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: dict[str, set[str]] = {}
        self.cells: list[str] = []
        self.names: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self._list: list[str] | None = None
        self.feed(text)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        for name, value in attributes:
            self.attributes.setdefault(name, set()).add(value or "")
        if tag in ("td", "th"):
            self.cells.append("")
        if tag == "bdi":
            self.names.append("")
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        raise AssertionError(f"<{tag}/> closes nothing in HTML")

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open.pop() == tag, f"</{tag}> closes nothing"

    def handle_comment(self, data: str) -> None:
        raise AssertionError("no comment is written")

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            return
        self.text += data
        if {"td", "th"} & set(self._open):
            self.cells[-1] += data
        if "bdi" in self._open:
            self.names[-1] += data

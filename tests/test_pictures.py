"""The terminal that README shows: what ran, and nothing fetched to see it."""

import re
from xml.etree import ElementTree

from tests import browser, pictures

DEMO = "likes   truth   found\n─────\nsent   6,181   6,181   ✓\n\nmovie_id   likes\n"
RUNS = [(("demo",), DEMO), (("sql", "top_movies"), "movie_id   title\ntt1   <b> & Söhne\n")]


def shown(svg):
    """The lines of a terminal's picture."""
    texts = [node for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("}text")]
    lines = {}
    for node in texts:
        lines.setdefault(float(node.get("y", 0)), []).append("".join(node.itertext()))
    return ["".join(parts).replace("\xa0", " ").strip() for parts in lines.values()]


def test_it_shows_each_command_and_what_it_wrote_of_the_demonstration_the_totals_alone():
    lines = shown(pictures.terminal(RUNS))
    assert "$ lake demo" in lines and "$ lake sql top_movies" in lines
    assert "sent   6,181   6,181   ✓" in lines and "tt1   <b> & Söhne" in lines
    assert not any("movie_id   likes" in line for line in lines)


def test_it_fetches_nothing():
    svg = pictures.terminal(RUNS)
    assert "font-face" not in svg and "url(http" not in svg and "href" not in svg
    addresses = set(re.findall(r"https?://[^\"\s<)]+", svg))
    assert addresses <= {"http://www.w3.org/2000/svg", "https://www.textualize.io"}


def test_without_chromium_it_says_what_is_missing(monkeypatch, capsys):
    monkeypatch.setattr(browser, "executable", lambda: None)
    assert pictures.main() == 1
    assert "Chromium is missing" in capsys.readouterr().err

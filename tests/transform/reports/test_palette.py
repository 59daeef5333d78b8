"""The colours: enough contrast to be read, in the light and in the dark (WCAG 2.2, AA)."""

import re

import pytest

from transform.reports.page.charts import STEPS
from transform.reports.page.report import STYLE

_LIGHT, _DARK = (
    dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", block))
    for block in re.findall(r":root \{([^}]*)\}", STYLE)
)
SCHEMES = [pytest.param(_LIGHT, id="light"), pytest.param(_DARK, id="dark")]
GROUNDS = ("paper", "wash")
TEXTS = ("ink", "muted", "link", "rise", "fall")
GRAPHICS = ("now", "then", *(f"heat-{n + 1}" for n in range(STEPS)))
DECORATION = {"rule", "area", "heat-0"}
"""Lines between texts, the fill under a line, and the place of an hour without likes."""


def luminance(colour):
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    channels = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_measure_agrees_with_known_values():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#ffffff", "#767676") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("colours", SCHEMES)
def test_every_colour_of_the_palette_is_judged(colours):
    assert set(colours) == {*GROUNDS, *TEXTS, *GRAPHICS, *DECORATION}


@pytest.mark.parametrize("colours", SCHEMES)
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("text", TEXTS)
def test_text_can_be_read(colours, ground, text):
    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("colours", SCHEMES)
@pytest.mark.parametrize("graphic", GRAPHICS)
def test_charts_can_be_seen(colours, graphic):
    assert contrast(colours[graphic], colours["paper"]) >= 3


@pytest.mark.parametrize("colours", SCHEMES)
def test_the_heat_map_only_ever_gets_stronger(colours):
    steps = [contrast(colours[f"heat-{n}"], colours["paper"]) for n in range(STEPS + 1)]
    assert steps == sorted(steps)
    assert all(later / earlier > 1.3 for earlier, later in zip(steps, steps[1:], strict=False))


def test_every_colour_that_is_used_has_a_name():
    rest = re.sub(r":root \{[^}]*\}", "", STYLE)
    assert not re.search(r"#[0-9a-f]{3}|rgb|hsl", rest)
    assert set(re.findall(r"var\(--([a-z0-9-]+)\)", rest)) == set(_LIGHT)

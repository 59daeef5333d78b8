"""README names all there is, and what it names is there."""

import re
import subprocess
from pathlib import Path

import pytest

import lake
import queries
from tests import readme
from transform.event import likes

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("command", sorted(lake.main.commands))
def test_every_command_is_named(command):
    assert re.search(rf"\b(lake|make) {command}\b", readme.TEXT)


@pytest.mark.parametrize(
    "target", ["demo", "test", "test-clock", "notebook", "strip", "bench", "plan", "apply"]
)
def test_every_target_it_shows_is_there(target):
    assert f"make {target}" in readme.TEXT
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert f"make {target} " in done.stdout


@pytest.mark.parametrize("question", [question.name for question in queries.library()])
def test_every_question_is_named(question):
    assert f"`{question}`" in readme.TEXT


def test_every_field_of_the_event_is_told():
    for field in likes.Like.__struct_fields__:
        assert f"| `{field}` |" in readme.TEXT


@pytest.mark.parametrize("page", readme.PAGES, ids=str)
def test_every_place_and_page_it_tells_of_is_there(page):
    """A path is told from the repository or the README's folder; a file's name may be enough."""
    text = re.sub(r"^```.*?^```$", "", readme.PAGES[page], flags=re.MULTILINE | re.DOTALL)
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    files = {Path(path).name for path in listed.stdout.splitlines()}
    folders = (ROOT, page.parent, ROOT / "tests")
    paths = re.findall(r"`([\w-]+(?:/[\w.-]+)*(?:/|\.(?:py|tf|json|sql|css|js)))`", text)
    for path in (*paths, *re.findall(r"\]\(([^):#]+)\)", text)):
        known = {*IN_THE_BUCKET, *files}
        assert path in known or any((folder / path).exists() for folder in folders), path


IN_THE_BUCKET = (
    *("raw/", "ids/", "rejected/", "errors/", "errors/redriven/", "reports/", "likes/", "movies/"),
    *("forgotten/", "forgotten/certificates/", "forgotten/tombstones.json", "keys/", "adjusted/"),
)


def test_every_folder_has_one_and_the_top_one_is_short():
    folders = {page.parent.relative_to(ROOT).as_posix() for page in readme.PAGES}
    assert folders >= {".", "infra", "transform", "glue", "queries", "notebooks", "tests"}
    assert len(readme.TOP.splitlines()) <= 150


def test_every_variable_of_the_command_line_is_told():
    sources = [ROOT / "lake.py", *(ROOT / "infra").rglob("*.py"), *(ROOT / "queries").rglob("*.py")]
    named = {name for path in sources for name in re.findall(r"LAKE_[A-Z_]+", path.read_text())}
    assert len(named) >= 6
    assert all(f"| `{name}` |" in readme.TEXT for name in named), named


def test_every_alarm_is_told():
    keys = set()
    for path in (ROOT / "infra/terraform/modules").rglob("alarms.tf"):
        keys |= set(re.findall(r"^    ([a-z-]+) = {$", path.read_text(), re.MULTILINE))
        keys |= set(re.findall(r"\) = { ([a-z-]+) = ", path.read_text()))
        keys |= set(re.findall(r'alarm_name += "\$\{var.name\}-([a-z-]+)"', path.read_text()))
    assert len(keys) >= 10
    page = readme.PAGES[ROOT / "infra/terraform/README.md"]
    for key in keys:
        assert re.search(rf"^\|.*-{key}`", page, re.MULTILINE), key


def test_every_figure_was_filled_in():
    assert "DEMO" not in readme.TEXT and "BENCH" not in readme.TEXT

"""A notebook is committed without what running it left, and without paths of one machine."""

from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from tests.notebooks.__main__ import main

ROOT = Path(__file__).parents[2]
CLEAN = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


@pytest.fixture
def check(tmp_path, capsys):
    """Check a notebook of these cells: the exit code, and what is said of it."""

    def checked(*cells, **metadata):
        path = tmp_path / "a.ipynb"
        nbformat.write(v4.new_notebook(cells=cells, metadata=CLEAN | metadata), path)
        code = main(str(path))
        said = capsys.readouterr().err
        assert said.count(str(path)) == len(said.splitlines())
        return code, said.replace(f"{path}: ", "")

    return checked


def test_the_notebooks_of_the_lake_are_clean(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert main() == 0
    assert len(list(Path("notebooks").glob("*.ipynb"))) == 3
    assert capsys.readouterr().err == ""


def test_outputs_are_named_by_cell_and_what_removes_them(check):
    ran = v4.new_code_cell("1 + 1", outputs=[v4.new_output("stream", text="2")])
    assert check(v4.new_markdown_cell("# Sums"), ran) == (
        1,
        "cell 2 holds outputs; `make strip` removes them.\n",
    )


def test_a_count_of_execution_is_refused(check):
    code, said = check(v4.new_code_cell("x = 1", execution_count=3))
    assert code == 1 and said.startswith("cell 1 holds a count of execution")


@pytest.mark.parametrize(
    "source",
    [
        'pd.read_csv("/home/ann/likes.csv")',
        "cd /Users/ann/lake",
        "open('C:\\\\Users\\\\ann\\\\likes.csv')",
        r"D:\data\likes.csv",
        "![chart](file:///srv/chart.png)",
        "Path('/tmp/report')",
    ],
)
def test_a_path_of_one_machine_is_refused_in_code_and_text(check, source):
    for cell in (v4.new_code_cell, v4.new_markdown_cell):
        code, said = check(cell(source))
        assert code == 1 and said.startswith("cell 1 names ") and "use a relative path" in said


@pytest.mark.parametrize(
    "source",
    [
        "s3://a-bucket/tmp/likes.csv",
        'urlopen(f"{lake.api_url()}/trends?window=1h")',
        "https://example.org/home/ann",
        "report/tmp/a.html",
        "10:00 UTC, rows[a:b], a/b",
        r"re.compile(r'\d\s')",
    ],
)
def test_what_only_looks_like_a_path_is_let_through(check, source):
    assert check(v4.new_code_cell(source)) == (0, "")


def test_a_path_in_metadata_is_refused(check):
    code, said = check(v4.new_markdown_cell("x", metadata={"source": "/home/ann/x.png"}))
    assert code == 1 and said.startswith("cell 1, metadata names /home/ann/x.png")
    code, said = check(vscode={"interpreter": {"path": "/home/ann/.venv/bin/python"}})
    assert code == 1 and said.startswith("metadata names /home/ann/.venv/bin/python")


def test_what_an_editor_noted_is_refused(check):
    code, said = check(language_info={"name": "python", "version": "3.13.1"})
    assert code == 1 and "`make strip`" in said


def test_what_is_no_notebook_is_said_so(tmp_path, capsys):
    for text in ("", "{}", '{"nbformat": 4, "cells": []}'):
        (tmp_path / "a.ipynb").write_text(text)
        assert main(str(tmp_path / "a.ipynb")) == 1
        assert "a.ipynb: is no notebook: " in capsys.readouterr().err


def test_stripping_leaves_a_clean_notebook_with_its_tags(tmp_path):
    path = tmp_path / "a.ipynb"
    cell = v4.new_code_cell(
        "DAYS = 7", execution_count=1, outputs=[v4.new_output("stream", text="/home/ann")],
        metadata={"tags": ["parameters"], "scrolled": True},
    )  # fmt: skip
    nbformat.write(v4.new_notebook(cells=[cell], metadata={"vscode": {"a": "/home/ann"}}), path)
    assert main("--strip", str(path)) == 0
    assert main(str(path)) == 0
    (left,) = nbformat.read(path, 4).cells
    assert (left.id, left.source, left.metadata) == (cell.id, "DAYS = 7", {"tags": ["parameters"]})

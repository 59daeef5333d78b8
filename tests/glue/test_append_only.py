"""Columns are only ever added at the end: rows already written must stay readable."""

import os
import subprocess
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from glue import tables
from glue.tables import Column, Table, breaks

ROOT = Path(__file__).parents[2]
LIKES = tables.read("likes")
NEW = Column("device", "string", "The device.")


def git(root: Path, *arguments: str) -> str | None:
    """What git says, or None where it refuses."""
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],
        cwd=root,
        env={name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        capture_output=True,
        text=True,
    )
    return done.stdout.strip() if done.returncode == 0 else None


def revisions(root: Path) -> list[str]:
    """The commits a change is compared against; one where history has a single commit."""
    named = [
        git(root, "rev-parse", "--verify", "--quiet", "HEAD"),
        git(root, "rev-parse", "--verify", "--quiet", "HEAD~1"),
        git(root, "merge-base", "HEAD", "main"),
        git(root, "merge-base", "HEAD", "origin/main"),
    ]
    return list(dict.fromkeys(revision for revision in named if revision))


def broken(root: Path) -> list[str]:
    """What the tables in a checkout break of the tables committed."""
    found = []
    for revision in revisions(root):
        listed = git(root, "ls-tree", "--name-only", revision, "glue/tables/") or ""
        for path in filter(lambda name: name.endswith(".json"), listed.splitlines()):
            before = tables.parse((git(root, "show", f"{revision}:{path}") or "").encode())
            if (root / path).is_file():
                found += breaks(before, tables.parse((root / path).read_bytes()))
            else:
                found.append(f"{before.name} is gone")
    return found


def test_this_change_is_append_only() -> None:
    assert broken(ROOT) == []


def test_a_checkout_has_a_commit_to_compare_with() -> None:
    assert not (ROOT / ".git").exists() or revisions(ROOT)


@pytest.mark.parametrize(
    "after",
    [
        LIKES,
        replace(LIKES, columns=(*LIKES.columns, NEW)),
        replace(LIKES, description="Another description."),
        replace(LIKES, columns=(replace(LIKES.columns[0], comment="Other."), *LIKES.columns[1:])),
    ],
    ids=["nothing", "a column at the end", "a description", "a comment"],
)
def test_what_readers_do_not_notice_may_change(after: Table) -> None:
    assert breaks(LIKES, after) == []


BAD = {
    "the first column removed": replace(LIKES, columns=LIKES.columns[1:]),
    "the last column removed": replace(LIKES, columns=LIKES.columns[:-1]),
    "a column in front": replace(LIKES, columns=(NEW, *LIKES.columns)),
    "two columns swapped": replace(
        LIKES, columns=(LIKES.columns[1], LIKES.columns[0], *LIKES.columns[2:])
    ),
    "a column renamed": replace(
        LIKES, columns=(replace(LIKES.columns[0], name="id"), *LIKES.columns[1:])
    ),
    "a type changed": replace(
        LIKES, columns=(replace(LIKES.columns[0], type="bigint"), *LIKES.columns[1:])
    ),
    "a partition removed": replace(LIKES, partitions=()),
    "another place": replace(LIKES, location="elsewhere/"),
    "another format": replace(LIKES, format="json"),
}


@pytest.mark.parametrize("after", BAD.values(), ids=BAD)
def test_what_readers_would_notice_may_not_change(after: Table) -> None:
    assert breaks(LIKES, after)


@pytest.mark.parametrize("committed", [False, True], ids=["uncommitted", "committed"])
@pytest.mark.parametrize("change", ["removed column", "removed table"])
def test_a_breaking_change_is_found_in_git(tmp_path: Path, change: str, committed: bool) -> None:
    file = tmp_path / "glue" / "tables" / "likes.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(msgspec.json.encode(LIKES))
    for arguments in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "-m", "one")):
        assert git(tmp_path, *arguments) is not None
    assert broken(tmp_path) == []
    if change == "removed table":
        file.unlink()
    else:
        file.write_bytes(msgspec.json.encode(replace(LIKES, columns=LIKES.columns[:-1])))
    if committed:
        assert git(tmp_path, "commit", "--quiet", "--all", "-m", "two") is not None
    assert broken(tmp_path)

"""A release is gone back to by its hash: functions by their alias, the page by its files."""

import io
from types import SimpleNamespace

import pytest
from msgspec.structs import replace
from rich.console import Console

from infra.cli import rollback
from infra.cli.rollback import RollbackError
from infra.cli.steps import Steps
from infra.stage import Stage
from tests import stages

OUTPUTS = replace(
    stages.OUTPUTS, site_bucket="site", function_names={"read": "Read", "audit": "Audit"}
)
STAGE = Stage("test", OUTPUTS)


def version(number, release, minute):
    return {
        "Version": str(number),
        "LastModified": f"2026-01-01T00:{minute:02}:00.000+0000",
        "Environment": {"Variables": {"LAKE_RELEASE": release} if release else {}},
    }


class Account:
    """Functions with versions, and a bucket with versions, as boto3 shows them.

    Audit came with the second release; a third version of Read is the second one's, unblocked.
    """

    def __init__(self):
        self.functions = {
            "Read": [
                version("$LATEST", "second", 2),
                version(1, None, 0),
                version(2, "first", 1),
                version(3, "second", 2),
                version(10, "second", 3),
            ],
            "Audit": [version(1, "second", 2)],
        }
        self.live = {"Read": "10", "Audit": "1"}
        self.files = {  # the newest last, None for a deletion
            "app.js": [("first", "1"), ("second", "2")],
            "new.js": [("second", "2")],
            "old.js": [("first", "1"), None],
            "films.json": [(None, "1"), (None, "2")],
            "gone.js": [("zeroth", "0"), None],
        }

    def get_paginator(self, name):
        def paginate(FunctionName=None, Bucket=None):
            if name == "list_aliases":
                yield {"Aliases": [{"FunctionVersion": self.live[FunctionName]}]}
                return
            if FunctionName:
                yield {"Versions": self.functions[FunctionName][:2]}
                yield {"Versions": self.functions[FunctionName][2:]}
                return
            yield {
                "Versions": [
                    {"Key": key, "VersionId": str(index)}
                    for key, versions in self.files.items()
                    for index, one in reversed(list(enumerate(versions)))
                    if one
                ],
                "DeleteMarkers": [
                    {"Key": key, "IsLatest": versions[-1] is None}
                    for key, versions in self.files.items()
                    if None in versions
                ],
            }

        return SimpleNamespace(paginate=paginate)

    def get_alias(self, FunctionName, Name):
        assert Name == "live"
        return {"FunctionVersion": self.live[FunctionName]}

    def delete_function(self, FunctionName, Qualifier):
        self.functions[FunctionName] = [
            one for one in self.functions[FunctionName] if one["Version"] != Qualifier
        ]

    def update_alias(self, FunctionName, Name, FunctionVersion):
        assert Name == "live"
        self.live[FunctionName] = FunctionVersion

    def head_object(self, Bucket, Key, VersionId):
        release, _ = self.files[Key][int(VersionId)]
        return {"Metadata": {"release": release} if release else {}}

    def copy_object(self, Bucket, Key, CopySource):
        assert (CopySource["Bucket"], CopySource["Key"]) == (Bucket, Key)
        self.files[Key].append(self.files[Key][int(CopySource["VersionId"])])

    def delete_object(self, Bucket, Key):
        self.files[Key].append(None)


@pytest.fixture
def account(monkeypatch):
    made = Account()
    monkeypatch.setattr(Stage, "client", lambda *given, **settings: made)
    return made


def back(to=None):
    out = io.StringIO()
    rollback.back(STAGE, to, Steps(Console(file=io.StringIO())), "json", out, yes=True)
    return out.getvalue()


def test_releases_are_told_newest_first_with_the_last_version_of_each(account):
    second, first = rollback.releases(STAGE)
    assert (second.release, second.versions) == ("second", {"Read": "10", "Audit": "1"})
    assert second.live == {"Read", "Audit"}
    assert (first.release, first.versions, first.live) == ("first", {"Read": "2"}, frozenset())


def test_functions_and_page_go_back_and_forth_together(account, capsys):
    assert '"functions": 1, "files": 3' in back()
    assert account.live == {"Read": "2", "Audit": "1"}
    assert {key: versions[-1] for key, versions in account.files.items()} == {
        "app.js": ("first", "1"),
        "new.js": None,
        "old.js": ("first", "1"),
        "films.json": (None, "2"),
        "gone.js": None,
    }
    assert "left as they are: Audit." in capsys.readouterr().err
    assert '"functions": 1, "files": 3' in back("sec")
    assert account.live == {"Read": "10", "Audit": "1"}
    assert account.files["app.js"][-1] == ("second", "2")
    assert account.files["old.js"][-1] is None
    assert '"functions": 0, "files": 0' in back("second")


def test_what_is_not_there_is_not_gone_back_to(account):
    with pytest.raises(RollbackError, match="Release third is not there, or not any more"):
        back("third")
    account.functions["Read"].append(version(11, "secondary", 4))
    with pytest.raises(RollbackError, match="2 releases begin with sec:"):
        back("sec")
    with pytest.raises(RollbackError, match="page of release secondary is not there any more"):
        back("secondary")
    assert account.live["Read"] == "10" and len(account.files["app.js"]) == 2
    del account.functions["Read"][-1]
    back("first")
    with pytest.raises(RollbackError, match="Nothing was deployed before"):
        back()


def test_the_newest_releases_are_kept_and_what_is_live(account):
    functions = account.functions
    for number in range(11, 11 + rollback.KEPT):
        functions["Read"].append(version(number, f"later-{number}", number))
    functions["Audit"].append(version(2, "later-20", 20))
    assert rollback.prune(STAGE) == 3  # of Read; its version 10 is live, as Audit's 1 is
    kept = ["$LATEST", *map(str, range(10, 11 + rollback.KEPT))]
    assert [one["Version"] for one in functions["Read"]] == kept
    assert [one["Version"] for one in functions["Audit"]] == ["1", "2"]
    account.live["Read"] = "20"
    assert rollback.prune(STAGE) == 1
    assert len(rollback.releases(STAGE)) == rollback.KEPT + 1

"""The way back to a release: functions by their alias, the page by its files' versions.

What was deployed together carries one hash, the release: every version of a function in its
variable LAKE_RELEASE, every file of the page in its metadata. Likes, counts and tables stay.
The newest releases are kept: Lambda takes 75 GB of code of an account and region, and refuses what
is beyond. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, TextIO

import click
import msgspec

from infra.cli.output import tables
from infra.cli.output.formats import Format
from infra.cli.steps import Steps
from infra.stage import LIVE, Stage

if TYPE_CHECKING:
    from mypy_boto3_lambda.client import LambdaClient
    from mypy_boto3_s3.client import S3Client

RELEASE, METADATA = "LAKE_RELEASE", "release"
"""Where the hash stands: a function's variable, and a key of a file's metadata."""

KEPT = 10
"""Releases that can be gone back to; and what is live."""


class RollbackError(Exception):
    """What cannot be gone back to; the message says why."""


class Release(msgspec.Struct, frozen=True):
    """What was deployed together. `versions` is of functions by their names; `live` are the
    functions that call theirs now."""

    release: str
    made: datetime
    versions: dict[str, str]
    live: frozenset[str]


def releases(stage: Stage) -> list[Release]:
    """Give what was deployed and is still there, the newest first."""
    client: LambdaClient = stage.client("lambda")
    made: dict[str, datetime] = {}
    versions: dict[str, dict[str, str]] = {}
    live: dict[str, set[str]] = {}
    for function in stage.outputs.function_names.values():
        called = client.get_alias(FunctionName=function, Name=LIVE)["FunctionVersion"]
        for version, release, when in _versions(client, function):
            if release is None:
                continue  # it was made before there were releases
            known = versions.setdefault(release, {})
            if int(known.get(function, 0)) < int(version):
                known[function] = version
            made[release] = min(when, made.get(release, when))
            if version == called:
                live.setdefault(release, set()).add(function)
    found = [Release(one, made[one], versions[one], frozenset(live.get(one, ()))) for one in made]
    return sorted(found, key=lambda one: one.made, reverse=True)


def prune(stage: Stage) -> int:
    """Delete the versions of functions that are of no release that is kept, but for those that an
    alias names; gives how many. Raises what Lambda raises."""
    client: LambdaClient = stage.client("lambda")
    kept = {one.release for one in releases(stage)[:KEPT]}
    deleted = 0
    for function in stage.outputs.function_names.values():
        aliases = client.get_paginator("list_aliases").paginate(FunctionName=function)
        named = {one["FunctionVersion"] for page in aliases for one in page["Aliases"]}
        for version, release, _ in list(_versions(client, function)):
            if release not in kept and version not in named:
                client.delete_function(FunctionName=function, Qualifier=version)
                deleted += 1
    return deleted


def _versions(client: LambdaClient, function: str) -> Iterator[tuple[str, str | None, datetime]]:
    """Give number, release and time of each version, but for $LATEST, which is none."""
    for page in client.get_paginator("list_versions_by_function").paginate(FunctionName=function):
        for one in page["Versions"]:
            variables: dict[str, str] = one.get("Environment", {}).get("Variables", {})
            if one["Version"] != "$LATEST":
                # As Lambda writes it: 2026-01-31T10:00:00.000+0000
                when = datetime.strptime(one["LastModified"], "%Y-%m-%dT%H:%M:%S.%f%z")
                yield one["Version"], variables.get(RELEASE), when


def chosen(found: list[Release], name: str | None) -> Release:
    """Give the release of a name or of its beginning, or the one before the newest that is live.

    A function that came with a release has no way back, and does not count as live.
    Raises `RollbackError` where there is none.
    """
    if name:
        named = [one for one in found if one.release.startswith(name)]
        if not named:
            raise RollbackError(
                f"Release {name} is not there, or not any more: an apply keeps the newest {KEPT}, "
                "and lake rollback --list names them. Check its commit out and apply that."
            )
        if len(named) > 1:
            raise RollbackError(f"{len(named)} releases begin with {name}: lake rollback --list.")
        return named[0]
    for index, one in enumerate(found):
        before = found[index + 1 :]
        if any(function in older.versions for function in one.live for older in before):
            return before[0]
    raise RollbackError("Nothing was deployed before what is live now.")


def show(stage: Stage, form: Format, out: TextIO) -> None:
    """Tell what can be gone back to."""
    rows = (
        (one.release, f"{one.made:%Y-%m-%d %H:%M:%S}", len(one.versions), len(one.live))
        for one in releases(stage)
    )
    tables.write(("release", "made", "functions", "live"), rows, form, out)


def back(
    stage: Stage, name: str | None, steps: Steps, form: Format, out: TextIO, *, yes: bool
) -> None:
    """Go back to a release, once somebody said yes, and tell what that changed."""
    to = chosen(releases(stage), name)
    files = _Files(stage.client("s3"), stage.outputs.site_bucket)
    if not files.are_of(to.release):
        raise RollbackError(
            f"The page of release {to.release} is not there any more: its files are kept for 90 "
            "days after they were replaced. Check its commit out and apply that."
        )
    tell = form != "table"
    others = sorted(set(stage.outputs.function_names.values()) - to.versions.keys())
    told = f"Release {to.release} of {to.made:%Y-%m-%d %H:%M}: {len(to.versions)} functions, page."
    click.echo(told, err=tell)
    if others:
        click.echo(f"Not deployed with it, and left as they are: {', '.join(others)}.", err=tell)
    if not yes:
        click.confirm(f"Have stage {stage.name} go back to it?", abort=True, err=tell)
    with steps.step("Functions"):
        functions = _call(stage.client("lambda"), to)
    with steps.step("Page"):
        changed = files.show(to.release)
    fields: dict[str, object] = {"release": to.release, "functions": functions, "files": changed}
    told = (
        f"Stage {stage.name} is at {to.release}: {functions} functions and {changed} files changed."
    )
    tables.write_one(f"{told} The next lake apply deploys the newest again.", fields, form, out)


def _call(client: LambdaClient, to: Release) -> int:
    """Have each function's alias name its version; gives how many did not."""
    changed = 0
    for function, version in to.versions.items():
        if function in to.live:
            continue
        client.update_alias(FunctionName=function, Name=LIVE, FunctionVersion=version)
        changed += 1
    return changed


class _Files:
    """The page's files, by their versions, the newest first, and the release of each."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client, self._bucket = client, bucket
        self._versions: dict[str, list[tuple[str, str | None]]] = {}
        self._deleted: set[str] = set()
        for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for one in page.get("Versions", []):
                told = client.head_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
                found = self._versions.setdefault(one["Key"], [])
                found.append((one["VersionId"], told["Metadata"].get(METADATA)))
            self._deleted |= {
                one["Key"] for one in page.get("DeleteMarkers", []) if one["IsLatest"]
            }

    def are_of(self, release: str) -> bool:
        """Tell whether there are any of a release."""
        return any(of == release for some in self._versions.values() for _, of in some)

    def show(self, release: str) -> int:
        """Have them be those of a release; gives how many were not.

        What is no file of any release, such as the list of films, stays.
        """
        changed = 0
        for key, versions in self._versions.items():
            now = None if key in self._deleted else versions[0][1]
            if versions[0][1] is None or now == release:
                continue
            wanted = next((one for one, of in versions if of == release), None)
            at: Any = {"Bucket": self._bucket, "Key": key}
            if wanted is not None:
                self._client.copy_object(**at, CopySource=at | {"VersionId": wanted})
            elif now is not None:
                self._client.delete_object(**at)
            else:
                continue
            changed += 1
        return changed

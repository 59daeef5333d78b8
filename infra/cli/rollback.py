"""The way back to a release: functions by their alias, the page by its files' versions.

What was deployed together carries one hash, the release: every version of a function in its
variable LAKE_RELEASE, every file of the page in its metadata. Likes, counts and tables stay.
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
            known = versions.setdefault(release, {})
            if int(known.get(function, 0)) < int(version):
                known[function] = version
            made[release] = min(when, made.get(release, when))
            if version == called:
                live.setdefault(release, set()).add(function)
    found = [Release(one, made[one], versions[one], frozenset(live.get(one, ()))) for one in made]
    return sorted(found, key=lambda one: one.made, reverse=True)


def _versions(client: LambdaClient, function: str) -> Iterator[tuple[str, str, datetime]]:
    """Give number, release and time of each version; $LATEST is none, nor is one without any."""
    for page in client.get_paginator("list_versions_by_function").paginate(FunctionName=function):
        for one in page["Versions"]:
            variables: dict[str, str] = one.get("Environment", {}).get("Variables", {})
            if one["Version"] != "$LATEST" and RELEASE in variables:
                # As Lambda writes it: 2026-01-31T10:00:00.000+0000
                when = datetime.strptime(one["LastModified"], "%Y-%m-%dT%H:%M:%S.%f%z")
                yield one["Version"], variables[RELEASE], when


def chosen(found: list[Release], name: str | None) -> Release:
    """Give the release of a name or of its beginning, or the one before the newest that is live.

    A function that came with a release has no way back, and does not count as live.
    Raises `RollbackError` where there is none.
    """
    if name:
        named = [one for one in found if one.release.startswith(name)]
        if len(named) != 1:
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
        files = _show(stage.client("s3"), stage.outputs.site_bucket, to.release)
    fields: dict[str, object] = {"release": to.release, "functions": functions, "files": files}
    told = (
        f"Stage {stage.name} is at {to.release}: {functions} functions and {files} files changed."
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


def _show(client: S3Client, bucket: str, release: str) -> int:
    """Have the page's files be those of a release; gives how many were not.

    What is no file of any release, such as the list of films, stays.
    """
    found, deleted = _files(client, bucket)
    changed = 0
    for key, versions in found.items():
        told = [(one, _release(client, bucket, key, one)) for one in versions]
        now = None if key in deleted else told[0][1]
        if told[0][1] is None or now == release:
            continue
        wanted = next((one for one, of in told if of == release), None)
        if wanted is not None:
            source: Any = {"Bucket": bucket, "Key": key, "VersionId": wanted}
            client.copy_object(Bucket=bucket, Key=key, CopySource=source)
        elif now is not None:
            client.delete_object(Bucket=bucket, Key=key)
        else:
            continue
        changed += 1
    return changed


def _files(client: S3Client, bucket: str) -> tuple[dict[str, list[str]], set[str]]:
    """Give the versions of each file, the newest first, and which files are deleted."""
    found: dict[str, list[str]] = {}
    deleted: set[str] = set()
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for one in page.get("Versions", []):
            found.setdefault(one["Key"], []).append(one["VersionId"])
        deleted |= {one["Key"] for one in page.get("DeleteMarkers", []) if one["IsLatest"]}
    return found, deleted


def _release(client: S3Client, bucket: str, key: str, version: str) -> str | None:
    told = client.head_object(Bucket=bucket, Key=key, VersionId=version)
    return told["Metadata"].get(METADATA)

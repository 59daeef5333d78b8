"""A stage to work with in a notebook or a script: its names, its tables, and who asks for them."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from queries.engine.connection import ROOT, connect, local_stage, named
from queries.engine.errors import NoLikes

if TYPE_CHECKING:
    import boto3
    import pyarrow.fs as pafs

    from queries.engine.store import Store

T = TypeVar("T")
_SERVICES = ("athena", "dynamodb", "glue", "s3", "sts")  # those that awswrangler is pointed at


@dataclass(frozen=True, slots=True)
class Lake:
    """A stage in use: what its parts are called, and how they are reached.

    `endpoint` is the emulator's address, None on AWS.
    """

    stage: str
    database: str
    counts_table: str
    endpoint: str | None
    session: "boto3.Session" = field(repr=False)
    _api_url: str | None = field(default=None, repr=False)

    @property
    def workgroup(self) -> str:
        """The stage's workgroup of Athena, for clients of Athena's own."""
        return f"movie-likes-{self.stage}"

    def client(self, service: str) -> Any:
        """A boto3 client of the stage; awswrangler makes its own."""
        return self.session.client(service, endpoint_url=self.endpoint)  # type: ignore[call-overload]

    def location(self, table: str) -> str:
        """Where a table's files lie, as Glue tells it: `s3://…/`."""
        return connect(self.stage).tables()[table].location

    def read_days(
        self,
        table: str,
        first_day: date | str,
        last_day: date | str,
        read: Callable[[list[str]], T],
    ) -> list[T]:
        """What `read` makes of each day that has files, oldest first: rows of one state, always.

        `read` is called with the `s3://` paths of one day's files and has read them when it
        returns; where compaction or a backfill replaced one meanwhile, it is called again. Other
        libraries that are given a folder fail then, or see a row twice.
        """
        from queries.engine.steady import steadily

        told = connect(self.stage).tables()[table]
        root = told.location.removeprefix("s3://").rstrip("/")
        name = f"{root}/{told.partitions[0].name}="
        store = self._store()
        folders = store.folders(root)
        asked = [path for path in folders if f"{name}{first_day}" <= path <= f"{name}{last_day}"]
        return steadily(store, asked, read)

    @property
    def filesystem(self) -> "pafs.FileSystem":
        """The stage's S3 for pyarrow, whose paths have no `s3://`."""
        return self._store().filesystem

    @property
    def storage_options(self) -> dict[str, str]:
        """The stage's S3 for Polars."""
        credentials = self.session.get_credentials()
        assert credentials is not None
        keys = credentials.get_frozen_credentials()
        told = {
            "aws_access_key_id": keys.access_key,
            "aws_secret_access_key": keys.secret_key,
            "aws_session_token": keys.token,
            "aws_region": self.session.region_name,
            "aws_endpoint_url": self.endpoint,
            "aws_allow_http": "true" if self.endpoint else None,
        }
        return {name: value for name, value in told.items() if value}

    def _store(self) -> "Store":
        from queries.engine.store import of_session

        return of_session(self.session, self.endpoint)

    def days(self) -> list[str]:
        """The days, UTC, of which there are likes, oldest first: one listing, nothing scanned.

        `NoLikes` where there are none.
        """
        from awswrangler import s3

        folders = s3.list_directories(self.location("likes"), boto3_session=self.session)
        days = sorted(path.rstrip("/").rpartition("day=")[2] for path in folders)
        if not days:
            raise NoLikes(
                f"The lake of the stage {self.stage} holds no likes yet; "
                "`make demo` fills a local one, and `lake compact` brings in what was sent."
            )
        return days

    def full_day(self) -> str:
        """The newest of these days that is over, or the newest of all where none is."""
        return newest_over(self.days(), datetime.now(UTC).date())

    def api_url(self) -> str:
        """The base of the HTTP API's addresses, without a closing slash.

        On AWS it is looked up by its name, which takes the right to list APIs.
        """
        if self._api_url is not None:
            return self._api_url
        pages = self.client("apigateway").get_paginator("get_rest_apis").paginate()
        ids = {api["name"]: api["id"] for page in pages for api in page["items"]}
        host = f"{ids[f'movie-likes-{self.stage}']}.execute-api.{self.session.region_name}"
        return f"https://{host}.amazonaws.com/{self.stage}"


def newest_over(days: Sequence[str], today: date) -> str:
    """Give the newest of these days, oldest first, that is over; the newest of all if none is."""
    return max((day for day in days if day < today.isoformat()), default=days[-1])


def use(stage: str | None = None) -> Lake:
    """From here on ask this stage: by `queries.run`, by awswrangler, by boto3's default session.

    `stage` is LAKE_STAGE, else `local`, where none is named. On AWS, whoever the ordinary
    environment says is asking. The local stage is asked as the emulator's root, at the address
    that awswrangler is then pointed at. `StageNotUp` where it was never brought up.
    """
    import awswrangler
    import boto3

    stage = named(stage)
    local = local_stage() if stage == "local" else None
    if local:
        boto3.setup_default_session(
            aws_access_key_id=ROOT, aws_secret_access_key=ROOT, region_name=local.region
        )
    else:
        boto3.setup_default_session()
    for service in _SERVICES:
        name = f"{service}_endpoint_url"
        if local:
            setattr(awswrangler.config, name, local.endpoint)
        else:
            awswrangler.config.reset(name)  # what the environment says, if anything
    os.environ["LAKE_STAGE"] = stage
    session = boto3.DEFAULT_SESSION
    assert session is not None  # it was just set up
    if local:
        names = local.outputs
        return Lake(
            stage, names.glue_database, names.counts_table, local.endpoint, session, names.api_url
        )
    return Lake(stage, f"movie_likes_{stage}", f"MovieLikesTable-{stage}", None, session)

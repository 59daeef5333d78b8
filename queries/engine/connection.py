"""Where questions are asked: Athena for a stage on AWS, DuckDB for the local one."""

import os
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from queries.engine.errors import EngineFailed, QueryError, StageNotUp, reason
from queries.engine.parameters import Bound

if TYPE_CHECKING:
    import pandas as pd

    from glue.tables import Table
    from queries.engine.answers import Answer
    from queries.engine.cost import Estimate
    from queries.engine.store import Store

# The root credentials of the emulator, which listens on the loopback only.
ROOT = "test"
_SECONDS = 2  # to connect to an emulator on the same machine, before it counts as not up
_DOWN = "The local stage is not up; run `lake up`."


class Connection(Protocol):
    """What runs a question."""

    def run(self, bound: Bound) -> "pd.DataFrame":
        """The answer; a `QueryError` where there is none."""
        ...

    def stream(self, bound: Bound, *, whole: bool) -> "AbstractContextManager[Answer]":
        """The answer's rows in batches: all once the last is there, where it is to be `whole`."""
        ...

    def estimate(self, bound: Bound) -> "Estimate":
        """What the question would cost; `NotEstimated` where that cannot be told."""
        ...

    @property
    def tables(self) -> "Callable[[], Mapping[str, Table]]":
        """Gives the tables that can be asked, by name."""
        ...


def connect(stage: str | None = None) -> Connection:
    """A connection to a stage: the one named, else LAKE_STAGE, else `local`.

    The local stage is found by `local.json` in LAKE_HOME (default `.lake` beside the code); other
    stages by the ordinary AWS environment. `StageNotUp` where the local one was never brought up.
    """
    stage = named(stage)
    if stage != "local":
        return on_aws(f"movie_likes_{stage}", f"movie-likes-{stage}")
    local = local_stage()
    return emulated(local.endpoint, local.region, local.outputs.glue_database)


def named(stage: str | None) -> str:
    """The stage of that name, else LAKE_STAGE, else `local`; `QueryError` for what can be none."""
    stage = stage or os.environ.get("LAKE_STAGE") or "local"
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,20}", stage):
        raise QueryError(f'"{stage}" is not a stage: small letters, digits and hyphens make one.')
    return stage


class Outputs(msgspec.Struct, frozen=True):
    """What Terraform named those parts of the local stage that are asked."""

    glue_database: str
    counts_table: str
    api_url: str


class LocalStage(msgspec.Struct, frozen=True):
    """How the local stage is reached: what questions need of its `local.json`."""

    endpoint: str
    region: str
    outputs: Outputs


def local_stage() -> LocalStage:
    """The local stage, as it is written down; `StageNotUp` where it was never brought up."""
    home = Path(os.environ.get("LAKE_HOME") or Path(__file__).parents[2] / ".lake")
    try:
        return msgspec.json.decode((home / "local.json").read_bytes(), type=LocalStage)
    except (OSError, msgspec.MsgspecError):
        raise StageNotUp(_DOWN) from None


def on_aws(database: str, workgroup: str) -> Connection:
    """A connection to Athena, as whoever the ordinary AWS environment says is asking."""
    from queries.engine.athena import Athena

    if region := os.environ.get("AWS_REGION"):  # which boto3 and awswrangler do not read
        os.environ.setdefault("AWS_DEFAULT_REGION", region)
    tables, store = _surroundings(database)
    return Athena(database, workgroup, tables=tables, store=store)


def ambient(database: str, workgroup: str) -> Connection:
    """A connection for a function, with its role: to Athena, or where an emulator runs it, which
    AWS_ENDPOINT_URL then names, to DuckDB over the emulator's files."""
    if not os.environ.get("AWS_ENDPOINT_URL"):
        return on_aws(database, workgroup)
    from queries.engine.local import Local

    return Local(database, *_surroundings(database))


def _surroundings(
    database: str,
) -> "tuple[Callable[[], Mapping[str, Table]], Callable[[], Store]]":
    """What tells the tables and what holds their files, in the ordinary AWS environment."""
    alone = Lock()  # questions may be asked at once, and boto3's sessions are for one at a time

    @cache
    def session() -> Any:
        from glue import sessions

        return sessions.session()

    def tables() -> "Mapping[str, Table]":
        from botocore.exceptions import BotoCoreError, ClientError

        from queries.engine import catalog

        try:
            with alone:
                glue = session().client("glue")
            return catalog.tables(glue, database)
        except (BotoCoreError, ClientError) as error:
            raise EngineFailed(f"The catalog did not tell the tables: {reason(error)}.") from None

    def store() -> "Store":
        from queries.engine.store import of_session

        with alone:
            return of_session(session())

    return tables, store


def emulated(endpoint: str, region: str, database: str) -> Connection:
    """A connection to the tables of an emulator. Clients are made on first use and kept."""
    from queries.engine.local import Local

    @cache
    def session() -> Any:
        from glue import sessions

        return sessions.session(ROOT, ROOT, region_name=region)

    @cache
    def client() -> Any:
        from botocore.config import Config

        patience = Config(connect_timeout=_SECONDS, retries={"total_max_attempts": 2})
        return session().client("glue", endpoint_url=endpoint, config=patience)

    def tables() -> "Mapping[str, Table]":
        from botocore.exceptions import BotoCoreError, ClientError

        from queries.engine import catalog

        try:
            return catalog.tables(client(), database)
        except BotoCoreError:
            raise StageNotUp(_DOWN) from None
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "no code")
            raise StageNotUp(
                f"The local stage did not tell its tables ({code}); run `lake up`."
            ) from None

    def store() -> "Store":
        from queries.engine.store import of_session

        return of_session(session(), endpoint)

    return Local(database, tables, store)

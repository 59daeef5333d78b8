"""Where questions are asked: Athena for a stage on AWS, DuckDB for the local one."""

import json
import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from queries.engine.errors import QueryError, StageNotUp
from queries.engine.parameters import Bound

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow.fs as pafs

    from glue.tables import Table

# The root credentials of the emulator, which listens on the loopback only.
_ROOT = "test"
_SECONDS = 2  # to connect to an emulator on the same machine, before it counts as not up
_DOWN = "The local stage is not up; run `lake up`."


class Connection(Protocol):
    """What runs a question."""

    def run(self, bound: Bound) -> "pd.DataFrame":
        """The answer; a `QueryError` where there is none."""
        ...


def connect(stage: str | None = None) -> Connection:
    """A connection to a stage: the one named, else LAKE_STAGE, else `local`.

    The local stage is found by `local.json` in LAKE_HOME (default `.lake` beside the code); other
    stages by the ordinary AWS environment. `StageNotUp` where the local one was never brought up.
    """
    stage = stage or os.environ.get("LAKE_STAGE") or "local"
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,20}", stage):
        raise QueryError(f'"{stage}" is not a stage: small letters, digits and hyphens make one.')
    if stage != "local":
        from queries.engine.athena import Athena

        return Athena(f"movie_likes_{stage}", f"movie-likes-{stage}")
    home = Path(os.environ.get("LAKE_HOME") or Path(__file__).parents[2] / ".lake")
    try:
        state = json.loads((home / "local.json").read_text("utf-8"))
        return emulated(state["endpoint"], state["region"], state["outputs"]["glue_database"])
    except (OSError, ValueError, KeyError, TypeError):
        raise StageNotUp(_DOWN) from None


def emulated(endpoint: str, region: str, database: str) -> Connection:
    """A connection to the tables of an emulator. Clients are made on first use and kept."""
    from queries.engine.local import Local

    @cache
    def client() -> Any:
        import boto3
        from botocore.config import Config

        return boto3.client(
            "glue",
            endpoint_url=endpoint,
            region_name=region,
            aws_access_key_id=_ROOT,
            aws_secret_access_key=_ROOT,
            config=Config(connect_timeout=_SECONDS, retries={"total_max_attempts": 2}),
        )

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

    @cache
    def filesystem() -> "pafs.FileSystem":
        import pyarrow.fs

        scheme, _, host = endpoint.partition("://")
        return pyarrow.fs.S3FileSystem(
            access_key=_ROOT,
            secret_key=_ROOT,
            region=region,
            scheme="https" if scheme == "https" else "http",
            endpoint_override=host,
            connect_timeout=_SECONDS,
        )

    return Local(database, tables, filesystem)

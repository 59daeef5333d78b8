"""Where Terraform keeps the states of stages on AWS: a bucket of the account and region.

Stage `bootstrap` looks after the bucket, and its own state lies there, too: the bucket comes first,
and `bootstrap` takes it over with an `import` block. So no state ever has to move, and one that is
lost is made again by applying the stage.
"""

from __future__ import annotations

import os
from typing import Any

STATE_BUCKET = "LAKE_STATE_BUCKET"
LOCK_TABLE = "LAKE_LOCK_TABLE"


class StateError(Exception):
    """There is no bucket for the states, or nobody can say which; the message says what to do."""


def bucket() -> str:
    """Give the bucket's name: what LAKE_STATE_BUCKET says, or that of the account and region.

    Raises `StateError` without credentials or a region.
    """
    if named := os.environ.get(STATE_BUCKET):
        return named
    session = _session()
    if not session.region_name:
        raise StateError("There is no AWS region: set AWS_REGION.")
    return f"movie-likes-terraform-{_account(session)}-{session.region_name}"


def lock_table() -> str | None:
    """Give the DynamoDB table that locks states beside S3, which LAKE_LOCK_TABLE says; None: none.

    Older tools that share a state look at the table alone.
    https://developer.hashicorp.com/terraform/language/backend/s3 (state locking)
    """
    return os.environ.get(LOCK_TABLE) or None


def exists(name: str) -> bool:
    """Whether the bucket is there; `StateError` where that cannot be told."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        _session().client("s3").head_bucket(Bucket=name)
    except ClientError as error:
        if error.response["Error"]["Code"] in {"404", "NoSuchBucket"}:
            return False
        raise StateError(f"Bucket {name} cannot be asked for: {error}") from None
    except BotoCoreError as error:
        raise StateError(f"Bucket {name} cannot be asked for: {error}") from None
    return True


def make(name: str) -> None:
    """Make the bucket; harmless where it is ours already. Its settings are `bootstrap`'s to make.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html (us-east-1 is not named)
    """
    from botocore.exceptions import BotoCoreError, ClientError

    session = _session()
    where: dict[str, Any] = {}
    if session.region_name != "us-east-1":
        where = {"CreateBucketConfiguration": {"LocationConstraint": session.region_name}}
    try:
        session.client("s3").create_bucket(Bucket=name, **where)
    except ClientError as error:
        if error.response["Error"]["Code"] != "BucketAlreadyOwnedByYou":
            raise StateError(f"Bucket {name} cannot be made: {error}") from None
    except BotoCoreError as error:
        raise StateError(f"Bucket {name} cannot be made: {error}") from None


def _session() -> Any:
    import boto3

    return boto3.session.Session()


def _account(session: Any) -> str:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        account: str = session.client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        raise StateError(f"AWS does not say which account this is: {error}") from None
    return account

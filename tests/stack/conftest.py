"""The local stage, applied once by Terraform for all tests here, with IAM enforced."""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
import urllib3
from botocore.config import Config
from click.testing import CliRunner
from rich.console import Console

import lake
from infra.cli.steps import Steps
from infra.local import lifecycle, ports
from infra.stage import ACCOUNT, REGION, Stage
from queries.engine.connection import Connection, emulated

PATIENCE_S = int(os.environ.get("DRILL_PATIENCE_S", "240"))
"""The machine may be busy: what takes long is not wrong."""


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Where the stage of the tests keeps its things."""
    return tmp_path_factory.mktemp("stack") / "lake"


@pytest.fixture(scope="session")
def stage(home: Any) -> Iterator[Stage]:
    """The stage, up; stopped and removed after the tests; its log stays."""
    port = ports.any_free()
    steps = Steps(Console(stderr=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAKE_HOME", str(home))
        up = lifecycle.up(home, port, steps)
    try:
        yield up
    finally:
        shutil.copy(home / "emulator.log", home.parent)
        lifecycle.down(home, steps, wipe=True)


@pytest.fixture
def aws_environment(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ordinary environment of an AWS client, with the emulator for AWS."""
    assert stage.endpoint
    monkeypatch.setenv("AWS_ENDPOINT_URL", stage.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture(scope="session")
def connection(stage: Stage) -> Connection:
    """Where SQL is asked."""
    assert stage.endpoint
    return emulated(stage.endpoint, "us-east-1", stage.outputs.glue_database)


@pytest.fixture
def role(stage: Stage) -> Callable[[str], Any]:
    """Gives what makes clients of somebody who took a role for people, in place of
    `Stage.client`."""

    def taken(name: str) -> Any:
        arn = f"arn:aws:iam::{ACCOUNT}:role/movie-likes-{stage.name}-{name}"
        told = stage.client("sts").assume_role(RoleArn=arn, RoleSessionName="probe")
        keys = told["Credentials"]
        session = boto3.Session(
            keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=REGION
        )

        def client(_stage: Stage, service: str, **settings: Any) -> Any:
            settings = {"proxies": {}, **settings}
            return session.client(  # type: ignore[call-overload]
                service, endpoint_url=stage.endpoint, config=Config(**settings)
            )

        return client

    return taken


class Api:
    """The HTTP API as a client sees it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool = urllib3.PoolManager(retries=False, timeout=30)

    def request(self, method: str, path: str, **given: Any) -> Any:
        """Send a request; the response has `status`, `headers` and `json()`."""
        return self._pool.request(method, self._url + path, **given)

    def post(self, *likes: Any) -> Any:
        """Post likes as an array."""
        return self.request("POST", "/likes", body=json.dumps(likes),
                            headers={"Content-Type": "application/json"})  # fmt: skip

    def likes(self, movie_id: str) -> int:
        """Give the likes of a film."""
        response = self.request("GET", f"/movies/{movie_id}/likes")
        assert response.status == 200, response.data
        return int(response.json()["likes"])


@pytest.fixture(scope="session")
def api(stage: Stage) -> Api:
    """The API of the stage."""
    return Api(stage.outputs.api_url)


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], Any], Any], None]:
    """Wait until a question has the answer that is expected, and fail with what it has instead."""

    def wait(ask: Callable[[], Any], expected: Any) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while (found := ask()) != expected:
            assert time.monotonic() < deadline, f"{found!r} is not {expected!r}"
            time.sleep(0.25)

    return wait


@pytest.fixture
def run(home: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run `lake` on the stage of the tests, and give what it prints."""
    monkeypatch.setenv("LAKE_HOME", str(home))

    def invoked(*arguments: str) -> str:
        done = CliRunner().invoke(lake.main, arguments)
        assert done.exit_code == 0, done.output
        return done.stdout

    return invoked

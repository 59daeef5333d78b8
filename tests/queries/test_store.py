"""Where the files of a stage are asked for: at AWS by a host of each bucket's own, else by path."""

from collections.abc import Mapping
from typing import Any

import pytest

from glue import sessions
from queries.engine.store import of_session


@pytest.mark.parametrize(
    ("told", "config", "given", "expected"),
    [
        ({}, "", None, "https://lake.s3.eu-south-2.amazonaws.com/"),
        ({"AWS_ENDPOINT_URL": "http://localhost:9000"}, "", None, "http://localhost:9000/lake/"),
        ({"AWS_ENDPOINT_URL_S3": "http://localhost:9000"}, "", None, "http://localhost:9000/lake/"),
        ({}, "[default]\nendpoint_url = http://localhost:9\n", None, "http://localhost:9/lake/"),
        ({}, "", "http://localhost:4566", "http://localhost:4566/lake/"),
    ],
)
def test_a_place_is_told_in_any_way_that_boto3_knows(
    told: Mapping[str, str],
    config: str,
    given: str | None,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
) -> None:
    (tmp_path / "config").write_text(config)
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    store = of_session(sessions.session("us", "secret", region_name="eu-south-2"), given)
    assert store.signed
    assert store.signed._place("lake").address == expected
    address = store.client.generate_presigned_url("get_object", {"Bucket": "lake", "Key": "k"})
    assert address.startswith(f"{expected}k?")

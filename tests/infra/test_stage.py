"""The clients of a stage."""

from concurrent.futures import ThreadPoolExecutor

from infra.stage import Stage
from tests.stages import OUTPUTS


def test_threads_may_make_clients_of_the_emulator_at_once_which_share_what_is_read():
    first, second = (Stage("local", OUTPUTS, f"http://127.0.0.1:{port}") for port in (9, 10))
    services = ["s3", "sqs", "kinesis", "dynamodb"] * 3
    with ThreadPoolExecutor(len(services)) as pool:
        made = list(pool.map(first.client, services))
    assert [one.meta.service_model.service_name for one in made] == services
    assert {one.meta.endpoint_url for one in made} == {first.endpoint}
    assert second.client("s3").meta.endpoint_url == second.endpoint
    assert first.session() is second.session()
    assert Stage("prod", OUTPUTS).session() is not Stage("prod", OUTPUTS).session()

"""The costs in the README are those that the script works out, from prices that name a page."""

import json
import re

import pytest

from infra import costs
from infra.paths import REPOSITORY

PRICES = costs.read()


def test_the_readme_shows_what_the_script_says():
    readme = (REPOSITORY / "infra/README.md").read_text("utf-8")
    assert "\n".join(costs.table(PRICES, costs.PROD)) in readme


def test_every_price_says_where_it_stands_and_who_saw_it():
    told = json.loads(costs.PRICES.read_text("utf-8"))
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", told["read_on"])
    for name, price in told["prices"].items():
        assert price["page"].startswith("https://aws.amazon.com/"), name
        assert price["per"] and (price["seen"] is None or "https://" in price["seen"]), name


def test_a_tier_begins_where_the_last_one_ends():
    tiers = [(10, 3.0), (20, 2.0), (None, 1.0)]
    assert costs.tiered(tiers, 5) == 15
    assert costs.tiered(tiers, 15) == 40
    assert costs.tiered(tiers, 100) == 30 + 40 + 70


@pytest.mark.parametrize(("likes", "least", "most"), [(1, 0.999, 1.001), (1000, 300, 600)])
def test_films_are_fewer_than_their_likes(likes, least, most):
    assert least <= costs.distinct(likes) <= most


def test_an_idle_stage_pays_for_the_stream_and_for_being_watched():
    idle = costs.month(PRICES, 0, 1, costs.Setting())
    assert idle["Kinesis"] == pytest.approx(730 * 0.04)
    assert idle["API Gateway"] == idle["Firehose"] == idle["DynamoDB"] == 0


def test_more_in_a_request_costs_less_and_so_does_what_is_switched_off():
    def dollars(batch, **of):
        return sum(costs.month(PRICES, 1000, batch, costs.Setting(**of)).values())

    assert dollars(100) < dollars(1) / 5
    assert dollars(1, log_share=0.01) < dollars(1)
    assert dollars(1) < dollars(1, firewall=True)
    assert dollars(1, http_api=True) < dollars(1)


def test_prod_is_reckoned_as_it_is_set():
    main = (REPOSITORY / "infra/terraform/stages/prod/main.tf").read_text("utf-8")
    variables = (REPOSITORY / "infra/terraform/stages/prod/variables.tf").read_text("utf-8")
    assert re.search(r"request_log_share += 0\.01\b", main) and costs.PROD.log_share == 0.01
    wall = re.search(r'variable "requests_per_address".*?default += (\S+)', variables, re.DOTALL)
    assert wall and (wall[1] != "null") is costs.PROD.firewall
    ingest = (REPOSITORY / "infra/terraform/modules/pipeline/ingest.tf").read_text("utf-8")
    assert re.search(rf"memory_mb += {costs.PROD.ingest_mb}\b", ingest)

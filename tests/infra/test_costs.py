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
    assert "\n".join(costs.changes(PRICES)) in readme


def dollars(rate, batch, of):
    return sum(costs.month(PRICES, rate, batch, of).values()) / (rate * costs.HOURS * 0.0036)


def test_what_is_set_for_a_load_costs_what_the_readme_says_of_it():
    assert dollars(1_000, 100, costs.STEADY) < 0.25
    assert dollars(10, 100, costs.replace(costs.SMALL, free=True)) < 0.76
    assert dollars(10, 100, costs.SMALL) < dollars(10, 100, costs.PROD) / 2


def test_what_is_bought_by_the_hour_is_paid_whether_it_is_used_or_not():
    two, one = (
        costs.month(PRICES, 0, 1, costs.Setting(shards=shards))["Kinesis"] for shards in (2, 1)
    )
    assert two == pytest.approx(2 * one) and one == pytest.approx(730 * 0.03)
    longer = costs.month(PRICES, 0, 1, costs.Setting(shards=1, retention_hours=168))["Kinesis"]
    assert longer == pytest.approx(730 * 0.05)


def test_what_every_account_is_given_is_no_more_than_it_costs():
    """Lambda's millions of calls and GB-seconds are a few dollars of an idle stage, and no less."""
    idle = costs.month(PRICES, 0, 1, costs.Setting(free=True))
    assert min(idle.values()) == 0 and idle["Lambda, at intervals"] == 0
    assert sum(idle.values()) < sum(costs.month(PRICES, 0, 1, costs.Setting()).values())


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
    assert idle["API Gateway"] == idle["Firehose"] == 0
    assert 1 < idle["DynamoDB"] < 1.3  # three leaderboards a minute, and the audit's look at counts


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

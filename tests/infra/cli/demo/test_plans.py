"""The demonstration's past flows into the present, whatever the hour at which it runs."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from infra.cli.demo import plans
from infra.cli.traffic.simulate import HOUR, Simulation

CLOCKS = [
    datetime(2026, 11, 27, 0, 20, tzinfo=UTC),
    datetime(2026, 11, 27, 12, 30, tzinfo=UTC),
    datetime(2026, 11, 30, 23, 50, tzinfo=UTC),  # a Monday, and a month's end
    datetime(2027, 1, 1, 8, tzinfo=UTC),
    datetime(2028, 2, 29, 12, tzinfo=UTC),
]


@pytest.mark.parametrize("clock", CLOCKS, ids=str)
def test_yesterday_is_whole_with_its_viral_film_and_today_is_there_up_to_now(clock):
    now = int(clock.timestamp() * 1000)
    simulation = Simulation(plans.past(now, 20_000, 1))
    assert sum(1 for _ in simulation) > 20_000
    truth = simulation.truth
    days, viral = Counter(), Counter()
    for hour, films in truth.by_hour.items():
        days[hour[:10]] += sum(map(sum, films.values()))
        viral[hour] += films.get(truth.viral, (0, 0))[0]
    yesterday = datetime.fromtimestamp(plans.yesterday(now) / 1000, UTC)
    assert yesterday.date() == clock.date() - timedelta(days=1)

    whole = [f"{yesterday - timedelta(days=n):%Y-%m-%d}" for n in range(20)]
    typical = sum(days[day] for day in whole) / len(whole)
    assert all(0.8 * typical < days[day] < 1.2 * typical for day in whole)
    best = max(viral, key=viral.__getitem__)
    assert best[:10] == whole[0] and viral[best] > 20 * viral.total() / len(viral)
    # Busy by day and quiet at night: today's share is not just that of its hours.
    assert days[f"{clock:%Y-%m-%d}"] > 0.3 * typical * (now % (24 * HOUR)) / (24 * HOUR)
    assert max(truth.by_hour) <= f"{clock:%Y-%m-%dT%H}"


def test_live_likes_are_of_the_last_hours():
    now = int(CLOCKS[0].timestamp() * 1000)
    simulation = Simulation(plans.live(now, 5_000, 1))
    assert sum(1 for _ in simulation) > 5_000
    late = f"{CLOCKS[0] - timedelta(hours=plans.LIVE_HOURS):%Y-%m-%dT%H}"
    lines = {
        hour: sum(map(sum, films.values())) for hour, films in simulation.truth.by_hour.items()
    }
    assert sum(n for hour, n in lines.items() if hour >= late) > 0.95 * sum(lines.values())

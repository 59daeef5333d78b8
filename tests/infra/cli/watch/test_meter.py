"""The meter adds up: every like once, in its second, for as long as the window lasts."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from infra.cli.watch.meter import RATE_S, SILENT_S, WINDOW_S, Meter
from infra.fanout.reader import Delivery
from transform.event.stream_records import Record

WALL = 1_780_000_000_000


def record(*movies, arrived_at=WALL):
    """A record that likes films; one that begins with - takes a like back, ! is no like."""
    lines = [
        b"!" if movie == "!" else
        b'{"movie_id":"%b","action":"%b"}'
        % (movie.lstrip("-").encode(), b"unlike" if movie.startswith("-") else b"like")
        for movie in movies
    ]  # fmt: skip
    return Record(b"\n".join(lines), arrived_at, "shardId-0", "1")


def delivery(*records, shard="shardId-0", behind=0):
    return Delivery(shard, list(records), behind)


def test_before_anything_is_delivered_it_shows_nothing():
    reading = Meter(100.0).read(100.0)
    assert (reading.seconds, reading.rate, reading.per_second) == (0.0, 0.0, ())
    assert (reading.lag_ms, reading.longest_lag_ms, reading.behind_ms) == (None, None, None)
    assert (reading.records, reading.likes, reading.shards, reading.rising) == (0, 0, 0, ())


def test_likes_unlikes_and_what_is_none_are_told_apart():
    meter = Meter(0.0)
    meter.add(delivery(record("a", "b", "-a", "!"), record("a")), 0.5, WALL)
    reading = meter.read(1.0)
    assert (reading.records, reading.likes, reading.unlikes, reading.invalid) == (2, 4, 1, 1)
    assert reading.rising == (("a", 2), ("b", 1))
    assert reading.per_second == (4,)


def test_an_empty_record_is_an_invalid_line_as_it_is_elsewhere():
    meter = Meter(0.0)
    meter.add(delivery(record()), 0.0, WALL)
    assert meter.read(0.0).invalid == 1


def test_the_second_under_way_is_not_told_before_it_is_whole():
    meter = Meter(0.0)
    meter.add(delivery(record("a")), 0.0, WALL)
    assert meter.read(0.99).per_second == ()
    assert meter.read(1.0).per_second == (1,)
    assert meter.read(3.5).per_second == (1, 0, 0)


def test_the_rate_is_of_the_last_seconds_and_of_fewer_at_the_start():
    meter = Meter(0.0)
    meter.add(delivery(record(*"abcdef")), 0.5, WALL)
    assert meter.read(1.0).rate == 6.0
    assert meter.read(2.0).rate == 3.0
    assert meter.read(float(RATE_S)).rate == 6 / RATE_S
    assert meter.read(RATE_S + 1.0).rate == 0.0


def test_an_empty_minute_leaves_only_the_totals():
    meter = Meter(0.0)
    meter.add(delivery(record("a", "!"), behind=7), 0.5, WALL + 30)
    reading = meter.read(WINDOW_S + 2.0)
    assert reading.per_second == (0,) * WINDOW_S
    assert (reading.rate, reading.rising, reading.lag_ms) == (0.0, (), None)
    assert (reading.behind_ms, reading.shards) == (None, 0)
    assert (reading.likes, reading.invalid) == (1, 1)


def test_a_film_rises_for_a_minute():
    meter = Meter(0.0)
    meter.add(delivery(record("a")), 0.0, WALL)
    meter.add(delivery(record("a", "b")), 30.0, WALL)
    assert meter.read(59.9).rising == (("a", 2), ("b", 1))
    assert meter.read(WINDOW_S + 1.0).rising == (("a", 1), ("b", 1))
    assert meter.read(WINDOW_S + 31.0).rising == ()


def test_only_so_many_films_rise_the_most_liked_first_then_by_name():
    meter = Meter(0.0)
    meter.add(delivery(record("c", "b", "a", "d", "d")), 0.0, WALL)
    assert meter.read(0.0, most=3).rising == (("d", 2), ("a", 1), ("b", 1))


def test_lag_is_from_arrival_to_being_seen():
    meter = Meter(0.0)
    records = [record("a", arrived_at=WALL - lag) for lag in (100, 300, 110)]
    meter.add(delivery(*records), 0.0, WALL)
    reading = meter.read(0.0)
    assert (reading.lag_ms, reading.longest_lag_ms) == (110, 300)


def test_lag_is_not_below_zero_where_clocks_disagree():
    meter = Meter(0.0)
    meter.add(delivery(record("a", arrived_at=WALL + 500)), 0.0, WALL)
    assert meter.read(0.0).lag_ms == 0


def test_the_shard_furthest_behind_counts_while_it_says_so():
    meter = Meter(0.0)
    meter.add(delivery(shard="parent", behind=9000), 0.0, WALL)
    meter.add(delivery(shard="child", behind=20), 20.0, WALL)
    reading = meter.read(20.0)
    assert (reading.behind_ms, reading.shards) == (9000, 2)
    reading = meter.read(SILENT_S + 1.0)
    assert (reading.behind_ms, reading.shards) == (20, 1), "a closed shard says nothing any more"


def test_a_heartbeat_is_no_like():
    meter = Meter(0.0)
    meter.add(delivery(behind=0), 0.0, WALL)
    reading = meter.read(1.0)
    assert (reading.likes, reading.records, reading.lag_ms) == (0, 0, None)
    assert reading.behind_ms == 0


MOVIES = st.lists(st.sampled_from(["a", "b", "c", "-a", "-d", "!"]), min_size=1, max_size=6)
# How far the clock went between deliveries: also not at all, and backwards.
STEPS = st.lists(st.tuples(st.floats(-30, 90), MOVIES), max_size=30)


@given(STEPS)
def test_counts_add_up_whatever_the_clock_does(steps):
    meter = Meter(1000.0)
    now = 1000.0
    latest = 1000.0
    seen = []
    for step, movies in steps:
        now += step
        latest = max(latest, now)
        meter.add(delivery(record(*movies)), now, WALL)
        seen.append((int(latest - 1000.0), movies))
        reading = meter.read(now, most=100)
        good = [movie for _, listed in seen for movie in listed if movie != "!"]
        assert reading.likes == len(good)
        assert reading.unlikes == sum(movie.startswith("-") for movie in good)
        assert reading.records == len(seen)
        assert reading.likes + reading.invalid == sum(len(listed) for _, listed in seen)
        current = int(latest - 1000.0)
        by_second = Counter(
            {second: 0 for second in range(max(0, current - WINDOW_S), current + 1)}
        )
        rising = Counter()
        for second, listed in seen:
            if second >= current - WINDOW_S:
                by_second[second] += sum(movie != "!" for movie in listed)
                rising.update(movie for movie in listed if movie in "abc")
        assert list(reading.per_second) == [by_second[second] for second in sorted(by_second)][:-1]
        assert dict(reading.rising) == dict(rising)
        assert reading.seconds == latest - 1000.0


def test_it_holds_no_more_than_the_window():
    meter = Meter(0.0)
    for second in range(3 * WINDOW_S):
        meter.add(delivery(record(f"film-{second}")), float(second), WALL)
        assert len(meter.read(float(second), most=1000).rising) <= WINDOW_S + 1
    assert len(meter._last) == WINDOW_S + 1

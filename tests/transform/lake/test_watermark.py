"""What compaction remembers: nothing is passed over, and nothing merged again without need."""

from hypothesis import given
from hypothesis import strategies as st

from transform.lake import watermark
from transform.lake.division import Division
from transform.lake.watermark import OVERLAP_MS, Object, Seen, State

NOON = 1_769_860_800_000  # 2026-01-31T12:00:00Z


def keys(objects):
    return [one.key for one in objects]


def test_the_state_comes_back_as_it_was_and_has_one_form():
    told = {"c": "why"}, Division(True, 4), 7
    state = State(NOON, {"b": Seen("1", NOON), "a": Seen("2", 3)}, *told)
    assert watermark.decode(watermark.encode(state)) == state
    turned = State(NOON, dict(reversed(state.recent.items())), *told)
    assert watermark.encode(turned) == watermark.encode(state)
    assert watermark.decode(b"{}") == watermark.decode(b'{"buckets":4}') == State()


def test_only_days_whose_objects_can_be_new_are_listed():
    assert watermark.listed_after(State()) == ""
    after = watermark.listed_after(State(NOON))
    assert after == "raw/arrival_day=2026-01-23/"
    assert watermark.day_prefix("2026-01-23") + "arrival_hour=00/x" > after


def test_new_is_what_came_since_what_shows_late_and_what_failed_before():
    cut = NOON - OVERLAP_MS
    state = State(
        NOON,
        {"seen": Seen("1", NOON), "other": Seen("1", NOON)},
        {"failed": "why", "unlisted": "why"},
    )
    listed = [
        Object("z", "1", NOON + 1),
        Object("later", "1", NOON),
        Object("late", "1", cut),
        Object("old", "1", cut - 1),
        Object("seen", "1", NOON),
        Object("other", "2", NOON),
        Object("failed", "1", cut - 5),
    ]
    assert keys(watermark.new(state, listed)) == [
        "unlisted", "failed", "late", "later", "other", "z"]  # fmt: skip


def test_rounds_hold_so_many_objects_and_bytes_but_one_object_always():
    objects = [Object(str(size), size=size) for size in (5, 5, 1, 99, 1, 1, 1, 1)]
    batches = watermark.batches(objects, 10, 3)
    assert [[one.size for one in batch] for batch in batches] == [[5, 5], [1], [99], [1, 1, 1], [1]]
    assert list(watermark.batches([], 10, 3)) == []


def test_the_watermark_moves_forward_only_and_what_is_behind_the_overlap_is_forgotten():
    state = State(NOON, {"old": Seen("1", NOON - OVERLAP_MS), "kept": Seen("1", NOON)})
    batch = [Object("a", "2", NOON + 1), Object("bad", "3", NOON + 1), Object("gone", "4", NOON)]
    after = watermark.advance(state, batch, {"bad": "why"}, {"gone"})
    assert after == State(
        NOON + 1, {"kept": Seen("1", NOON), "a": Seen("2", NOON + 1)}, {"bad": "why"}
    )
    again = watermark.advance(after, [Object("bad", "3", 5), Object("x", "1", 7)], {})
    assert again == State(NOON + 1, after.recent, {})


def test_a_day_merged_again_moves_nothing_but_what_failed():
    state = State(NOON, {}, {"bad": "why", "else": "why"}, 3)
    batch = [Object("bad", "1", NOON + 1), Object("worse", "1", NOON + 2)]
    after = watermark.advance(state, batch, {"worse": "how"}, forward=False)
    assert after == State(NOON, {}, {"else": "why", "worse": "how"}, 3)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, OVERLAP_MS)), max_size=30))
def test_what_shows_within_the_overlap_is_merged_once(arrivals):
    """Objects show in any order, each at most the overlap later than what came after it."""
    state, listed, merged = State(), [], []
    now = NOON
    for number, (step, late) in enumerate(arrivals):
        now += step * 60_000
        listed.append(Object(str(number), "1", now - late))
        batch = watermark.new(state, listed)
        merged += keys(batch)
        if batch:
            state = watermark.advance(state, batch, {})
    assert sorted(merged) == sorted(keys(listed))

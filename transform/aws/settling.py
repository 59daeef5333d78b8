"""Settles what is staged: each like in the day that it belongs to, and nowhere else."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa

from transform.aws import repeating
from transform.aws.arrivals import Arrivals
from transform.aws.lake_writer import CONFLICTS, Contended, Days, Written
from transform.lake import event_ids, sorting
from transform.lake.division import DAY_HOURS, Division
from transform.lake.watermark import Object, State

_Staged = Mapping[int, int]


def settle(
    days: Days,
    hours: _Staged,
    tell: Callable[[float], None],
    arrivals: Arrivals,
    raw: Sequence[Object] = (),
    after: Callable[[State], State] = lambda state: state,
) -> Written:
    """Merge the staged likes into their days, and then change the state.

    `hours` says how many rows of each epoch hour are staged; `tell` gets the part that is done;
    `raw` has the raw objects that all of it is of. Of a like that stands in another day, or hour,
    the copy that came first stays: the others go once it is there. So a reader never misses it.
    What came from two places of the stream is noted before that, while all of it is at hand.

    What is merged is told to `arrivals`, and then what others told meanwhile is looked at: of two
    runs that merge copies at the same time, the one that is later to tell sees the other's.
    """
    written = Written()
    for _ in range(CONFLICTS):
        division = days.state()[0].division
        where = pa.concat_tables([days.staging.lost, arrivals.begin(division.by_hour)])
        is_merged = False
        while hours and (len(where) or not is_merged):
            with ThreadPoolExecutor(1) as pool:
                encoding = pool.submit(arrivals.encoded, raw)  # which takes a while
                repeating.note(days, where, division)
                copies = _decide(days, where, division)
                some = {*_hours(copies.before), *(() if is_merged else hours)}
                written.add(days.merge(_by_day(some, hours), division, tell, gone=copies.before))
            is_merged = True
            some = set(_hours(copies.after))
            written.add(days.merge(_by_day(some, hours), division, gone=copies.after))
            if ids := encoding.result():
                arrivals.add(ids, raw, division.by_hour)
            where = arrivals.look()

        if days.learn():
            continue

        def changed(state: State, division: Division = division) -> State:
            return after(state) if state.division == division else state

        if days.change(changed).division == division:
            return written
    raise Contended(
        f"The division of days, or who is forgotten, was changed by others {CONFLICTS} times."
    )


def _decide(days: Days, where: pa.Table, division: Division) -> event_ids.Decided:
    """Find which copies are too many, of what is staged and what stands; those staged are taken
    back."""
    if not len(where):
        return event_ids.NONE
    with days.staging.session() as cursor:
        places = event_ids.elsewhere(cursor, where, division)
        hours: list[int] = places["hour"].to_pylist()  # type: ignore[assignment]  # none is null
        found = [
            days.having(places, day, some, division) for day, some in _by_day(hours, {}).items()
        ]
        if not any(map(len, found)):
            return event_ids.NONE
        decided = event_ids.decide(cursor, pa.concat_tables(found), division)
    days.staging.drop(decided.staged)
    return decided


def _hours(copies: pa.Table) -> list[int]:
    """Give the epoch hours of likes."""
    return sorted(set(sorting.hours(copies).to_pylist()))


def _by_day(hours: Iterable[int], staged: _Staged) -> dict[int, dict[int, int]]:
    """Give the days of hours, and how many rows are staged of these and the days' other hours."""
    found: dict[int, dict[int, int]] = {hour // DAY_HOURS: {} for hour in sorted(hours)}
    for hour in {*hours, *staged}:
        if hour // DAY_HOURS in found:
            found[hour // DAY_HOURS][hour] = staged.get(hour, 0)
    return found

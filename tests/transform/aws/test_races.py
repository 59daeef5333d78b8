"""Whoever writes an object that somebody else changed meanwhile notices it, writer by writer."""

from contextlib import suppress
from types import SimpleNamespace

import msgspec
import pytest

from infra.cli.backfill.ledger import Ledgers, Request
from infra.cli.forget.search import take_out
from infra.cli.movies import table
from tests.examples import some
from tests.faulty import EARLY, HOUR, LATE, LONG_AGO, OLD, YESTERDAY, Stage
from tests.racing import Race
from tests.small_lake import NOW, POWER, like
from tests.transform.reports import example
from tests.versioned import Versioned
from transform.aws import adjusting, compacting, forgotten
from transform.aws.buckets import Bucket, Conflict
from transform.aws.report_store import ReportStore, Seen
from transform.handlers import rank
from transform.lake import keys, movies, tombstones, watermark
from transform.lake.division import WHOLE, Division
from transform.lake.erasure import Texts
from transform.lake.movies import Movie
from transform.reports import report_keys
from transform.trends.batch_sums import Batch

DAY = keys.likes(YESTERDAY, WHOLE)
ROLLUP = keys.rollup(NOW // HOUR + LATE)


@pytest.fixture(scope="module")
def kept():
    with pytest.MonkeyPatch.context() as patch:
        yield Stage(patch)


@pytest.fixture
def stage(kept):
    return kept.renewed()


def more(stage, film="a"):
    """Have likes of yesterday, and one that came before again."""
    stage.put(*(stage.like(f"more-{n}", film, NOW + EARLY * HOUR) for n in range(2)))
    stage.put(stage.like(f"{EARLY}-1", film, NOW + EARLY * HOUR))
    stage.count()
    stage.deliver()


def compaction(stage):
    more(stage)
    stage.compact()


def backfilled(stage):
    stage.backfill(like("new", NOW + OLD * HOUR + 24 * HOUR, "c", backfill=2), number=2)


def totals_anew(stage):
    stage.s3.objects.pop(keys.totals(YESTERDAY))
    stage.compact()


def division(stage):
    compacting.divide(stage.bucket, Division(True), POWER)


def fan_out(stage):
    counts = {(NOW // HOUR + LATE) * 60: {"a": (1, 0)}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rank, "_bucket", lambda: stage.bucket)
        batch = Batch("shardId-000000000000", "9" * 56, [counts], False)
        rank._add(NOW // HOUR + LATE, [batch], True)


def earlier_version(stage):
    stage.s3.add(DAY, stage.s3.objects[DAY][:-20], stage.now)
    stage.mend()


def changed(key):
    def act(stage):
        stage.rewrite(key, lambda rows: rows.slice(1))
        stage.mend()

    return act


def first_sums(stage):
    del stage.s3.objects[ROLLUP]
    stage.mend()


def raw_again(stage):
    stage.gone(stage.raw(EARLY)[0])
    stage.mend()


def backfill(stage):
    ledgers = Ledgers(stage.bucket)
    ledgers.open(Request(("other.jsonl",)), 1, ledgers.all())


def backfill_goes_on(stage):
    Ledgers(stage.bucket).change(1, lambda one: msgspec.structs.replace(one, runs=2))


def forget(stage):
    who = forgotten.add(stage.bucket, ["u1"], stage.now)
    take_out(stage.bucket, Bucket(Versioned(), "results"), who, Texts(["u1"]), POWER)


def remember(stage):
    forgotten.lift(stage.bucket, ["u1"])


def titles(stage):
    def client(name):
        return stage.s3

    outputs = SimpleNamespace(bucket="bucket", site_bucket="bucket")
    table.load(SimpleNamespace(client=client, outputs=outputs), [Movie("a", "A", 1999)])


def report(stage):
    store, made = ReportStore(stage.bucket), example.daily()
    with suppress(Conflict):  # so that the next run looks again
        store.put_seen(made.period, Seen("of"), store.seen(made.period)[1])
        store.publish(made, store.put_figures(made, None))
        store.catalogue()


def forgotten_before(stage):
    forgotten.add(stage.bucket, ["u1", "u2"], stage.now)


WRITERS = {
    "likes": (compaction, DAY),
    "likes of a new day": (backfilled, keys.likes(LONG_AGO + 1, WHOLE)),
    "totals": (compaction, keys.totals(YESTERDAY)),
    "totals that were gone": (totals_anew, keys.totals(YESTERDAY)),
    "totals that tell otherwise": (changed(keys.totals(YESTERDAY)), keys.totals(YESTERDAY)),
    "repeats": (compaction, keys.repeats(YESTERDAY)),
    "ids": (compaction, f"{keys.IDS}.*"),
    "state": (compaction, watermark.KEY),
    "what a month adjusts": (compaction, f"{keys.ADJUSTED}.*"),
    "which run adjusts": (compaction, adjusting.KEY),
    "a division": (division, watermark.KEY),
    "an hour of a division": (division, keys.likes(YESTERDAY, "hour-.*")),
    "what a division removes": (division, DAY),
    "a rollup": (fan_out, ROLLUP),
    "a rollup of a repair": (changed(ROLLUP), ROLLUP),
    "a rollup that was gone": (first_sums, ROLLUP),
    "an earlier version": (earlier_version, DAY),
    "raw of a repair": (raw_again, f"{watermark.RAW}.*restored.*"),
    "a ledger": (backfill, f"{keys.BACKFILLS}000002.json"),
    "a ledger that goes on": (backfill_goes_on, f"{keys.BACKFILLS}000001.json"),
    "the key of tombstones": (forgotten_before, tombstones.KEY),
    "tombstones": (forgotten_before, tombstones.PEOPLE),
    "tombstones that are lifted": (remember, tombstones.PEOPLE),
    "likes without who is forgotten": (forget, DAY),
    "raw without who is forgotten": (forget, f"{watermark.RAW}.*"),
    "titles": (titles, movies.KEY),
    "titles that the page shows": (titles, table.PAGE),
    "how a report was made": (report, report_keys.state(".*")),
    "the figures of a report": (report, report_keys.figures(".*")),
    "a table of a report": (report, report_keys.table(".*", ".*")),
    "the page of a report": (report, report_keys.page(".*")),
    "the index of reports": (report, report_keys.INDEX),
}


@pytest.mark.parametrize("writer", some(WRITERS, 2))
def test_who_lost_the_race_looks_again_or_gives_up(stage, writer):
    act, of = WRITERS[writer]
    if act is remember:
        forgotten_before(stage)
    race = Race(stage.s3, of)
    act(stage)
    assert race.ran and race.lost == []

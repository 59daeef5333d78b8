"""Every line is accepted once, refused by name or kept, whatever the API does meanwhile."""

import io
import json
import time
from email.utils import formatdate
from threading import Event

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.cli.traffic.lines import Item, Refused, bounded
from infra.cli.traffic.send import Sent, send
from tests.examples import examples


def like(i: int, **more: object) -> bytes:
    return json.dumps({"event_id": f"e{i}", "movie_id": "tt0111161", **more}).encode() + b"\n"


def likes(n: int) -> list[bytes]:
    return [like(i) for i in range(n)]


class Told:
    """Collects what `send` reports."""

    def __init__(self) -> None:
        self.refused: list[Refused] = []
        self.failed: list[tuple[Item, str]] = []

    def send(self, lines: list[bytes], url: str, **more: object) -> Sent:
        return send(
            lines,
            url,
            refused=self.refused.append,
            failed=lambda item, why: self.failed.append((item, why)),
            **{"backoff_s": 0.001, **more},  # type: ignore[arg-type]
        )


def test_every_like_arrives_once_in_batches(api):
    sent = Told().send(likes(1050), api.url, batch=100)
    assert (sent.lines, sent.accepted, sent.failed, dict(sent.refused)) == (1050, 1050, 0, {})
    assert (sent.requests, sent.retries) == (11, 0)
    assert sorted(api.taken) == sorted(f"e{i}" for i in range(1050))


def test_a_line_whose_event_id_its_request_had_before_is_told(api):
    again: list[bytes] = []
    lines = [like(0), like(1), like(0), b'{"movie_id":7}', like(2), like(1)]
    sent = Told().send(lines, api.url, batch=6, repeated=lambda item: again.append(item.data))
    assert (sent.lines, sent.accepted, sent.repeated) == (6, 4, 2)
    assert again == [like(0).strip(), like(1).strip()]
    sent = Told().send(lines[:3], api.url, batch=2)
    assert (sent.accepted, sent.repeated) == (3, 0), "in another request it is the API's to know"


BEHAVIOURS = st.sampled_from(["take", "take", "503", "429", "502", "drop", "lose"])


@settings(max_examples=examples(20), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    schedule=st.lists(BEHAVIOURS, max_size=14),
    bad=st.sets(st.integers(0, 59)),
    batch=st.integers(1, 40),
    workers=st.integers(1, 4),
    most=st.integers(1, 60),
    names_errors=st.booleans(),
)
def test_whatever_the_api_does_each_good_line_is_taken_once(
    api, schedule, bad, batch, workers, most, names_errors
):
    api.schedule, api.most, api.names_errors = list(schedule), most, names_errors
    api.bodies.clear(), api.taken.clear(), api.events.clear()
    lines = [b'{"event_id":"e%d"}' % i if i in bad else like(i) for i in range(60)]
    told = Told()
    sent = told.send(lines, api.url, batch=batch, workers=workers, attempts=20, backoff_s=1e-6)
    good = {f"e{i}" for i in range(60)} - {f"e{i}" for i in bad}
    assert set(api.taken) == good and set(api.taken.values()) <= {1}
    assert sent.accepted == len(good) and sent.failed == 0
    assert sorted(line.line for line in told.refused) == [i + 1 for i in sorted(bad)]
    assert sent.requests == len(api.bodies)


@pytest.mark.parametrize("behaviour", ["503", "429", "500", "504", "drop", "lose"])
def test_a_repeated_request_has_the_same_bytes_even_where_ids_were_missing(api, behaviour):
    api.schedule = [behaviour, behaviour]
    sent = Told().send([b'{"movie_id":"a"}', b'{"movie_id":"b","event_id":" "}'], api.url)
    assert (sent.accepted, sent.requests, sent.retries) == (2, 3, 2)
    assert len(set(api.bodies)) == 1
    assert len(api.taken) == 2 and set(api.taken.values()) == {1}


def test_a_field_the_sender_does_not_know_keeps_its_text(api):
    line = b'{"movie_id":"a","price":1.10,"n":123456789012345678901234567890}'
    assert Told().send([line], api.url).accepted == 1
    assert b'"price":1.10,"n":123456789012345678901234567890' in api.bodies[0]


def test_a_line_that_is_no_json_is_named_and_the_rest_is_sent(api):
    told = Told()
    sent = told.send([like(0), b"{nonsense\n", b"\n", b"\xff\xfe\n", like(1)], api.url)
    assert (sent.lines, sent.accepted, dict(sent.refused)) == (4, 2, {"not_json": 2})
    assert [(line.line, line.reason) for line in told.refused] == [(2, "not_json"), (4, "not_json")]


def test_nesting_without_end_is_refused_and_nothing_else_is_lost(api):
    sent = Told().send([b"[" * 100_000 + b"]" * 100_000, like(1)], api.url)
    assert (sent.accepted, sum(sent.refused.values())) == (1, 1)


def test_what_the_api_refuses_is_named_with_its_line_and_reason(api):
    told = Told()
    lines = [like(0), b'{"event_id":"x"}', b"[1]", like(3)]
    sent = told.send(lines, api.url)
    assert sent.accepted == 2
    assert told.refused == [
        Refused(2, "missing_movie_id", "movie_id is missing."),
        Refused(3, "missing_movie_id", "movie_id is missing."),
    ]


def test_a_body_that_is_too_large_is_split_until_it_fits(api):
    api.most_bytes = 500
    told = Told()
    lines = [*likes(30), like(99, note="x" * 600)]
    sent = told.send(lines, api.url)
    assert (sent.accepted, dict(sent.refused)) == (30, {"too_large": 1})
    assert told.refused[0].line == 31


def test_no_body_is_larger_than_the_api_takes(api):
    sent = Told().send([like(i, note="x" * 15_000) for i in range(150)], api.url)
    assert sent.accepted == 150
    assert all(len(body) <= 900_000 for body in api.bodies) and len(api.bodies) == 3


@pytest.mark.parametrize("asked", ["1", lambda: formatdate(time.time() + 2, usegmt=True)])
def test_retry_after_is_honoured(api, asked):
    api.schedule, api.retry_after = ["503"], asked if isinstance(asked, str) else asked()
    began = time.monotonic()
    assert Told().send(likes(1), api.url).accepted == 1
    assert 0.9 <= time.monotonic() - began < 4


@pytest.mark.parametrize(
    "nonsense",
    ["soon", "-5", "Mon, 01 Jan 99999 00:00:00 GMT", f"Mon, 01 Jan {10**20} 00:00:00 GMT"],
)
def test_a_retry_after_that_is_nonsense_does_no_harm(api, nonsense):
    api.schedule, api.retry_after = ["429"], nonsense
    assert Told().send(likes(1), api.url).accepted == 1


def test_an_api_that_never_recovers_fails_every_line_and_loses_none(api):
    api.schedule = ["503"] * 1000
    told = Told()
    sent = told.send(likes(100), api.url, batch=10, workers=1, attempts=3)
    assert (sent.accepted, sent.failed) == (0, 100)
    assert sorted(item.line for item, _ in told.failed) == list(range(1, 101))
    assert {why for _, why in told.failed} == {"HTTP 503: Not now."}
    assert sent.requests == 12, "once given up, what follows is tried once"


def test_sending_goes_on_when_the_api_comes_back(api):
    api.schedule = ["503"] * 4
    sent = Told().send(likes(100), api.url, batch=10, workers=1, attempts=3)
    assert (sent.accepted, sent.failed) == (80, 20)


def test_nobody_there_fails_every_line(api):
    api.server_close()
    told = Told()
    sent = told.send(likes(3), api.url, attempts=2)
    assert (sent.accepted, sent.failed) == (0, 3)


def test_an_answer_that_asking_again_cannot_change_is_not_asked_again(api):
    told = Told()
    sent = told.send(likes(3), api.url + "/elsewhere")
    assert (sent.failed, sent.requests) == (3, 1)
    assert told.failed[0][1] == "HTTP 404: Not found"


def test_lines_are_read_as_they_are_sent_not_all_at_once(api):
    ahead = 0

    def lines():
        nonlocal ahead
        for i in range(2000):
            ahead = max(ahead, i - len(api.taken))
            yield like(i)

    assert send(lines(), api.url, batch=10, workers=2).accepted == 2000
    assert ahead <= 10 * (2 * 2 + 2)


def test_an_interruption_stops_the_waiting(api):
    api.schedule, api.retry_after = ["503"] * 100, "60"
    begun = Event()

    def lines():
        yield from likes(3)
        while not api.bodies:
            time.sleep(0.001)
        begun.set()
        raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        send(lines(), api.url, batch=1, workers=2)
    assert begun.is_set() and time.monotonic() - started < 5


@pytest.mark.parametrize("batch", [0, 501])
def test_a_batch_the_api_would_not_take_is_not_begun(batch):
    with pytest.raises(ValueError, match="1 to 500"):
        send([], "http://127.0.0.1:1", batch=batch)


def test_a_file_without_line_breaks_is_read_in_bounded_pieces(api):
    file = io.BytesIO(b"x" * 5_000_000 + b"\n" + like(1))
    pieces = list(bounded(file, 1000))
    assert [len(piece) for piece in pieces] == [1001, len(like(1))]
    told = Told()
    sent = told.send(list(bounded(io.BytesIO(b'"' * 2_000_000), 900_000)), api.url)
    assert dict(sent.refused) == {"too_large": 1}

"""`lake forget`: who is meant, what is said, and what is searched beside the objects."""

from datetime import UTC, datetime
from types import SimpleNamespace

import msgspec
import pytest
from click.testing import CliRunner

import lake
from infra import stage
from infra.cli.forget import beside, certificate, command
from infra.cli.forget.certificate import Certificate, Place
from infra.stage import Stage
from tests.stages import OUTPUTS
from tests.versioned import Versioned
from transform.lake import tombstones
from transform.lake.erasure import Texts

NOW = 1_769_860_800_000  # 2026-01-31T12:00:00Z
HOUR = 3_600_000
WHO = "user-000123"


class Services:
    """What a run asks besides S3: one film's item, one query, and a stream that keeps a day."""

    def __init__(self, item=None, query="SELECT 1"):
        self.item, self.query = item or {"movie_id": {"S": "m"}}, query
        self.letters, self.unseen = [], []

    def describe_stream_summary(self, StreamName):
        return {"StreamDescriptionSummary": {"RetentionPeriodHours": 24}}

    def get_paginator(self, operation):
        page = {"scan": {"Items": [self.item]}, "list_query_executions":
                {"QueryExecutionIds": ["1"]}, "list_queues":
                {"QueueUrls": ["http://q/IngestLike-test-dead-letters", "http://q/others"]},
                }[operation]  # fmt: skip
        return SimpleNamespace(paginate=lambda **_: [page])

    def batch_get_query_execution(self, QueryExecutionIds):
        at = datetime(2026, 1, 31, tzinfo=UTC)
        return {"QueryExecutions": [{"Query": self.query, "Status": {"SubmissionDateTime": at}}]}

    def receive_message(self, QueueUrl, MaxNumberOfMessages, VisibilityTimeout):
        assert QueueUrl.endswith("IngestLike-test-dead-letters")
        some, self.letters = self.letters[:2], self.letters[2:]
        self.unseen += some
        return {"Messages": [{"Body": one, "ReceiptHandle": one} for one in some]} if some else {}

    def send_message(self, QueueUrl, MessageBody):
        self.letters.append(MessageBody)

    def delete_message(self, QueueUrl, ReceiptHandle):
        self.unseen.remove(ReceiptHandle)

    def change_message_visibility(self, QueueUrl, ReceiptHandle, VisibilityTimeout):
        self.unseen.remove(ReceiptHandle)
        self.letters.append(ReceiptHandle)


@pytest.fixture
def services():
    return Services()


@pytest.fixture
def s3(monkeypatch, services):
    fake = Versioned()
    fake.now = NOW
    monkeypatch.setattr(
        Stage, "client", lambda self, service, **_: fake if service == "s3" else services
    )
    monkeypatch.setattr(stage, "open_stage", lambda name: Stage("test", OUTPUTS))
    return fake


def run(*arguments):
    return CliRunner().invoke(lake.main, ["forget", "--stage", "test", *arguments])


def test_people_are_named_or_in_a_file(tmp_path):
    file = tmp_path / "ids.txt"
    file.write_bytes("\ufeffa\r\n\n b \nc d\n".encode())
    assert command.people(["x", "a"], str(file)) == ["x", "a", "b", "c d"]


@pytest.mark.parametrize(("named", "body", "words"), [
    ([], b"\n", "at least one"), (["x" * 129], b"", "1 to 128"), (["a\x07"], b"", "no controls"),
    ([], b"\xff", "not UTF-8"), ([], b"\n".join(b"%d" % n for n in range(1001)), "too many"),
])  # fmt: skip
def test_who_cannot_have_liked_anything_is_refused(tmp_path, s3, named, body, words):
    file = tmp_path / "ids.txt"
    file.write_bytes(body)
    told = run(*named, "--from-file", str(file))
    assert told.exit_code == 2 and words in told.stderr and not s3.objects


def test_a_run_says_what_it_did_and_writes_its_certificate(s3):
    s3.add("errors/x", b'{"userId":"user-000123"}\n')
    told = run(WHO)
    assert told.exit_code == 0, told.output
    assert "1 person" in told.stdout and "0 days of likes and 1 other object rewritten" in (
        told.stdout
    )
    [key] = [key for key in s3.objects if key.startswith(certificate.FOLDER)]
    assert f"the certificate is s3://bucket/{key}." in told.stdout
    kept = msgspec.json.decode(s3.objects[key], type=Certificate)
    secret = s3.objects[tombstones.KEY]
    assert kept.people == [tombstones.hashed(secret, WHO)] and kept.objects == ["errors/x"]
    assert kept.again_after == kept.since + 25 * HOUR and not kept.final
    assert not [body for _, body in s3.bodies() if WHO.encode() in body]


def test_a_run_after_the_stream_kept_nothing_of_before_is_final(s3):
    at = Stage("test", OUTPUTS)
    first, _ = command.forget(at, [WHO], now=lambda: NOW)
    early, _ = command.forget(at, [WHO], now=lambda: NOW + 24 * HOUR)
    last, key = command.forget(at, [WHO], now=lambda: NOW + 25 * HOUR)
    assert [one.final for one in (first, early, last)] == [False, False, True]
    assert {one.since for one in (first, early, last)} == {NOW}
    assert "again" in certificate.told(early, key) and "again" not in certificate.told(last, key)
    newcomer, _ = command.forget(at, [WHO, "another"], now=lambda: NOW + 26 * HOUR)
    assert newcomer.since == NOW + 26 * HOUR and not newcomer.final


def test_a_dry_run_leaves_no_tombstone_and_no_key(s3):
    s3.add("errors/x", b'{"userId":"user-000123"}\n')
    stood = dict(s3.objects)
    told = run(WHO, "--dry-run")
    assert told.exit_code == 0 and "1 other object would be rewritten" in told.stdout
    assert "certificate" not in told.stdout and s3.objects == stood


def test_a_tombstone_is_lifted(s3):
    run(WHO)
    assert run(WHO, "another", "--lift").stdout.startswith("1 of 2 were forgotten")
    assert run(WHO, "--lift").stdout.startswith("0 of 1 were forgotten")


def test_what_stays_is_told_and_is_a_failure(s3, services):
    services.item = {"movie_id": {"S": "m"}, "who": {"L": [{"B": b"user-000123"}]}}
    services.query = "SELECT 1 WHERE user_id = 'user-000123'"
    told = run(WHO)
    assert told.exit_code == 1 and "items: 1" in told.stdout
    assert "Athena remembers 1 query that names them, until 2026-03-17" in told.stdout


def test_dead_letters_are_put_there_anew_without_the_id_and_none_goes(s3, services):
    letters = [f'{{"detail":{{"userId":"other","n":{n}}}}}' for n in range(5)]
    letters[1] = letters[1].replace("other", WHO)
    services.letters = list(letters)
    at = Stage("test", OUTPUTS)
    texts = Texts([WHO])
    assert beside.dead_letters(at, texts, dry_run=True).held == 1
    assert sorted(services.letters) == sorted(letters) and not services.unseen
    found = beside.dead_letters(at, texts, dry_run=False)
    assert (found.held, found.rewritten) == (1, 1) and not services.unseen
    letters[1] = '{"detail":{"userId":null,"n":1}}'
    assert sorted(services.letters) == sorted(letters)
    assert beside.dead_letters(at, texts, dry_run=False).held == 0


def test_files_of_the_laptop_are_searched_and_what_was_typed_is_rewritten(tmp_path):
    typed = tmp_path / beside.TYPED
    typed.write_text("# 1\n+SELECT 1 WHERE user_id = 'user-000123'\n+SELECT 2\n")
    (tmp_path / "emulator.log").write_text("user-000123 did\n")
    (tmp_path / "providers").mkdir()
    texts = Texts([WHO])
    assert beside.files(tmp_path, texts, dry_run=True).rewritten == 1
    assert WHO in typed.read_text()
    found = beside.files(tmp_path, texts, dry_run=False)
    assert typed.read_text() == "# 1\n+SELECT 1 WHERE user_id = null\n+SELECT 2\n"
    assert (found.searched, found.held, found.rows) == (2, 2, 2)
    assert found.stays == {"emulator.log": 1}


def test_places_are_rows_and_what_sql_finds_is_told():
    one = Certificate("local", 2, ["a", "b"], 1, 2, 3, False, 4, True,
                      places=[Place("likes/", 3, 4096, 2, 9, 1, 1, {"event_id": 1, "x": 0})],
                      finds={"likes": 0})  # fmt: skip
    assert list(certificate.rows(one)) == [("likes/", 3, 4096, 2, 9, 1, 1, "event_id: 1")]
    told = certificate.told(one, "s3://b/k")
    assert "2 people: 4,096 bytes searched" in told and "user_id = :user: 0" in told
    assert one.stays and certificate.fields(one, "s3://b/k")["certificate"] == "s3://b/k"

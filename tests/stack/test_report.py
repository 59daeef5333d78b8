"""Reports of the stage's own function: true, restated for late likes alone, and announced."""

import csv
import json
import os
import urllib.request
from datetime import datetime, timedelta

import msgspec
import pytest
from playwright.sync_api import expect
from rich.console import Console

from infra.cli import compaction
from infra.cli.backfill import command
from infra.cli.backfill.ledger import Request
from infra.cli.traffic.simulate import Plan, Simulation
from infra.cli.traffic.simulate import films as made_up
from infra.stage import invoke
from tests import plan
from tests.browser import SIZES, picture, violations
from transform.audit.report import Item
from transform.aws import audit_rows
from transform.reports.figures import Report
from transform.reports.sentences import headlines

DAYS = plan.days("report")
SUNDAY, WEEK = str(DAYS.last), f"{DAYS.last:%G-W%V}"
TITLES = {film.movie_id: film.title for film in made_up()}
SATURDAY = str(DAYS.last - timedelta(days=1))


@pytest.fixture(scope="module")
def bring(stage, tmp_path_factory):
    """Backfill lines, as if their file had been last changed on the Sunday."""
    folder = tmp_path_factory.mktemp("history")

    def backfill(name, lines):
        file = folder / f"{name}.jsonl"
        file.write_bytes(b"".join(line + b"\n" for line in lines))
        noon = DAYS.at(-1, 12).timestamp()
        os.utime(file, (noon, noon))
        outcome, _ = command.backfill(stage, Request((str(file),)), Console(quiet=True))
        assert not outcome.failed

    return backfill


@pytest.fixture(scope="module")
def truth(bring):
    """Two days of likes, and what the generator knows of them."""
    end = plan.ms(DAYS.at(-1)) + plan.DAY_MS
    simulation = Simulation(Plan(now=end - 1, likes=1_500, seed=7, days=2, late=0))
    bring("history", [line.data for line in simulation])
    return simulation.truth


@pytest.fixture(scope="module")
def mail(stage):
    """What the topic of reports sends from now on."""
    sqs, sns = stage.client("sqs"), stage.client("sns")
    url = sqs.create_queue(QueueName="mail")["QueueUrl"]
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    topic = "arn:aws:sns:us-east-1:000000000000:movie-likes-local-reports"
    may = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
           "Action": "sqs:SendMessage", "Resource": told["QueueArn"]}  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    made = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=told["QueueArn"],
                         ReturnSubscriptionArn=True)  # fmt: skip

    def received():
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for one in found:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        return [json.loads(one["Body"]) for one in found]

    yield received
    sns.unsubscribe(SubscriptionArn=made["SubscriptionArn"])
    sqs.delete_queue(QueueUrl=url)


@pytest.fixture
def stored(stage):
    """Give the objects of the reports named."""
    s3, bucket = stage.client("s3"), stage.outputs.bucket

    def get(*names):
        found = {}
        for name in names:
            listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"reports/{name}")["Contents"]
            for key in (one["Key"] for one in listed):
                found[key] = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return found

    return get


def counted(truth, day):
    """Likes and unlikes of each hour and film of a day, as the generator has them."""
    return {hour: films for hour, films in truth.by_hour.items() if hour.startswith(day)}


def test_a_report_is_true_and_restated_for_its_own_late_likes_alone(
    stage, truth, mail, run, stored, bring
):
    sunday = counted(truth, SUNDAY)
    likes = sum(up for films in sunday.values() for up, _ in films.values())
    unlikes = sum(down for films in sunday.values() for _, down in films.values())
    noon = datetime.fromisoformat(f"{SUNDAY}T12:00:00+00:00")
    audit_rows.put(compaction.bucket(stage), round(noon.timestamp() * 1000), [Item("counted", 7)])
    told = run("report", "--day", SUNDAY)
    assert told.startswith(f"{SUNDAY}: made\n")
    assert f"{stage.outputs.site_url}/reports/{SUNDAY}.html" in told
    run("report", "--day", SATURDAY)
    run("report", "--week", WEEK)

    first = stored(SUNDAY, SATURDAY, WEEK)
    report = msgspec.json.decode(first[f"reports/{SUNDAY}.json"], type=Report)
    assert (report.totals.likes, report.totals.unlikes) == (likes, unlikes)
    net = {}
    for films in sunday.values():
        for film, (up, down) in films.items():
            net[film] = net.get(film, 0) + up - down
    best = sorted(net.items(), key=lambda film: (-film[1], film[0]))[:10]
    assert [(film.movie_id, film.net) for film in report.top] == best
    assert [film.title for film in report.top] == [TITLES[film] for film, _ in best]
    assert report.heat[-1].likes == [
        sum(up for up, _ in sunday.get(f"{SUNDAY}T{hour:02}", {}).values()) for hour in range(24)
    ]
    assert report.rose and all(film.net == net[film.movie_id] for film in report.rose)
    assert any(film.score is not None for film in report.rose), "trends were ranked again"
    assert report.quality.rejected_lines == truth.malformed_lines
    assert all(cost.bytes > 0 for cost in report.costs)
    assert report.audited and (report.audited.at, report.audited.differs) == (noon, 0)

    assert run("report", "--day", SUNDAY).startswith(f"{SUNDAY}: there already")
    late = {"movie_id": "late", "liked_at": f"{SATURDAY}T20:00:00Z", "event_id": "late-2019"}
    bring("late", [json.dumps(late).encode()])
    outcomes = {
        name: json.loads(run("report", kind, name, "--format", "json"))[0]["outcome"]
        for kind, name in (("--day", SUNDAY), ("--day", SATURDAY), ("--week", WEEK))
    }
    assert outcomes == {SUNDAY: "unchanged", SATURDAY: "restated", WEEK: "restated"}
    second = stored(SUNDAY, SATURDAY, WEEK)
    assert {k: v for k, v in second.items() if SUNDAY in k} == {
        k: v for k, v in first.items() if SUNDAY in k
    }
    now = msgspec.json.decode(second[f"reports/{SATURDAY}.json"], type=Report)
    was = msgspec.json.decode(first[f"reports/{SATURDAY}.json"], type=Report)
    assert now.totals.likes == was.totals.likes + 1
    assert now.restated and now.restated.net_first == was.totals.net

    letters = {one["Subject"]: one["Message"] for one in (*mail(), *mail())}
    subjects = [f"Movie likes of {name}" for name in (SUNDAY, SATURDAY, WEEK)]
    assert set(letters) == {*subjects, *(f"{one}, restated" for one in subjects[1:])}
    message = letters[subjects[0]]
    assert message.startswith("\n".join(headlines(report)))
    [link] = [line for line in message.splitlines() if line.startswith("http")]
    with urllib.request.urlopen(link, timeout=10) as page:
        assert page.read() == first[f"reports/{SUNDAY}.html"]
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"


def test_reports_are_listed_and_fetched_whole(truth, run, tmp_path):
    run("report", "--day", SUNDAY, "--out", str(tmp_path))
    assert (tmp_path / f"{SUNDAY}.html").is_file() and (tmp_path / "index.html").is_file()
    assert (tmp_path / SUNDAY / "top.csv").is_file()
    rows = list(csv.DictReader(run("report", "--list", "--format", "csv").splitlines()))
    assert SUNDAY in [row["name"] for row in rows if row["kind"] == "day"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_site_shows_a_report_that_is_there_for_everybody(stage, truth, run, browser, scheme):
    run("report", "--day", SUNDAY)
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))

    answer = page.goto(f"{stage.outputs.site_url}/reports/{SUNDAY}.html")

    assert answer and answer.ok
    expect(page.get_by_role("heading", level=1)).to_have_text("Sunday 12 May 2019")
    for width, height in SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(page) == []
    picture(page, f"report-{scheme}")
    page.get_by_role("link", name="All reports").click()
    expect(page.get_by_role("link", name="Sun 12")).to_be_visible()
    page.goto(f"{stage.outputs.site_url}/reports/")
    page.get_by_role("link", name="Sun 12").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sunday 12 May 2019")
    page.go_back()
    assert violations(page) == [] and said == []
    context.close()


def test_the_schedules_say_what_is_due_and_the_function_knows_it(stage):
    scheduler = stage.client("scheduler")
    before = plan.today()
    given = {}
    for kind in ("day", "week"):
        told = scheduler.get_schedule(Name=f"TrendReport-local-{kind}")
        given[kind] = told["Target"]["Input"], told["ScheduleExpression"]
    assert given["week"] == (
        '{"scheduled": "week", "time": "<aws.scheduler.scheduled-time>"}', "cron(15 6 ? * MON *)"
    )  # fmt: skip
    event, expression = given["day"]
    assert expression == "cron(0 6 * * ? *)"
    made = invoke(stage, "report", json.loads(event))
    yesterday = {str(day - timedelta(days=1)) for day in (before, plan.today())}  # or midnight came
    assert yesterday & {one["name"] for one in made}

"""The command line: each command does its one thing, and whatever goes wrong is one sentence."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import webbrowser
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import click
import msgspec
import pyarrow as pa
import pytest
from botocore.exceptions import NoRegionError
from click.testing import CliRunner, Result

import lake
import queries
from infra import stage as stages
from infra.cli import health, reporting, trending
from infra.cli.demo import demo
from infra.cli.demo.checks import Check
from infra.cli.movies import table
from infra.cli.options import INTERRUPTED, UNREAD
from infra.cli.traffic.send import Sent
from infra.cli.trending import Board, Entry
from infra.local import lifecycle
from infra.stage import Stage
from queries.engine.answers import Answer
from tests import plan
from tests.bucket import Objects
from tests.examples import some
from tests.queries.lake import Lake, like
from tests.stages import OUTPUTS
from transform.aws.buckets import Bucket
from transform.aws.report_store import ReportStore
from transform.reports.editions import Made

ROOT = Path(lake.__file__).parent
LAKE = (sys.executable, "-m", "lake")


def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(lake.main, arguments, input=stdin)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home where nothing is up."""
    monkeypatch.setenv("LAKE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("LAKE_DEBUG", raising=False)
    monkeypatch.delenv("LAKE_STAGE", raising=False)
    monkeypatch.delenv("LAKE_PORT", raising=False)
    return tmp_path / "home"


@pytest.fixture
def stage(home):
    """What `lake up` leaves, with nobody behind it."""
    outputs = msgspec.structs.replace(
        OUTPUTS, api_url="http://127.0.0.1:9/local", function_names={}
    )
    told = stages.Local("http://127.0.0.1:9", "us-east-1", 1, outputs)
    home.mkdir()
    (home / "local.json").write_bytes(msgspec.json.encode(told))
    return Stage("local", outputs, told.endpoint)


COMMANDS = sorted(lake.main.commands)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself_with_an_example_and_takes_a_stage(command):
    told = run(command, "--help")
    assert told.exit_code == 0
    assert re.search(rf"(Example|Examples): lake {command}|\| lake {command}", told.output)
    assert "--stage" in told.output or command == "simulate"


def row(told: Result) -> dict[str, str]:
    """The one row of an answer in CSV."""
    [only] = csv.DictReader(io.StringIO(told.stdout))
    return only


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_that_has_an_answer_gives_it_to_programs(command):
    without = {"down", "demo", "simulate"}
    assert ("--format" in run(command, "--help").output) == (command not in without)


def test_help_names_every_command_once_with_its_whole_first_sentence():
    told = run("--help").output
    for command in COMMANDS:
        assert len(re.findall(rf"^  {command} ", told, re.MULTILINE)) == 1
    assert {"up", "down", "status", "demo", "send", "simulate", "sql", "counts"} < set(COMMANDS)
    assert "..." not in told.partition("\n")[2]


def test_help_imports_nothing_heavy():
    code = (
        "import sys\ntry:\n import lake; lake.main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'boto3', 'botocore', 'pandas', 'pyarrow', 'duckdb', 'awswrangler', 'rich'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (told.returncode, told.stderr) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["counts"],
        ["counts", "tt0111161"],
        ["send", os.devnull],
        ["sql", "top_movies"],
        ["sql", "SELECT 1"],
        ["movies"],
        ["movies", "load", __file__],
        ["rejected"],
        ["trending"],
        ["watch"],
    ],
)
def test_without_a_stage_one_sentence_says_to_start_it(arguments):
    told = run(*arguments)
    assert told.exit_code == 1
    assert "lake up" in told.stderr and told.stderr.count("\n") == 1
    assert "Traceback" not in told.output


def test_status_without_a_stage_says_so_and_exits_1():
    told = run("status", "--format", "json")
    assert told.exit_code == 1
    assert json.loads(told.stdout)[0]["state"] == "NOT OK"


def test_status_exits_0_only_if_every_part_is_well(monkeypatch):
    for well in (True, False):
        checks = [health.Check("stream", True, "ACTIVE"), health.Check("api", well, "here")]
        monkeypatch.setattr(health, "check", lambda name, checks=checks: checks)
        assert run("status").exit_code == (0 if well else 1)


@pytest.mark.parametrize("command", ["up", "down", "demo"])
def test_commands_for_the_laptop_refuse_other_stages(command):
    told = run(command, "--stage", "prod")
    assert told.exit_code == 2 and "local stage" in told.stderr


def test_down_where_nothing_runs_is_no_error():
    told = run("down")
    assert (told.exit_code, told.stdout) == (0, "The local stage was not running.\n")


def test_up_tells_where_the_api_and_the_page_are(monkeypatch, stage):
    seen = []

    def up(home, port, steps, *, site_port):
        seen.append((port, site_port))
        return stage

    monkeypatch.setattr(lifecycle, "up", up)
    told = run("up", "--port", "4999", "--site-port", "5000")
    assert told.exit_code == 0 and "http://127.0.0.1:9/local/likes" in told.stdout
    assert stage.outputs.site_url in told.stdout
    assert CliRunner(env={"LAKE_PORT": "4998"}).invoke(lake.main, ["up"]).exit_code == 0
    assert seen == [(4999, 5000), (4998, None)]
    fields = {
        "endpoint": stage.endpoint,
        "api_url": stage.outputs.api_url,
        "site_url": stage.outputs.site_url,
    }
    assert json.loads(run("up", "--format", "json").stdout) == [fields]
    assert row(run("up", "--format", "csv")) == fields


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_an_impossible_port_is_refused(port):
    assert run("up", "--port", port).exit_code == 2


# --- simulate ---


def test_simulate_writes_lines_to_stdout_and_totals_to_stderr():
    told = run("simulate", "--likes", "100", "--malformed", "0", "--duplicates", "0")
    assert told.exit_code == 0
    assert len([json.loads(line) for line in told.stdout.splitlines()]) == 100
    assert told.stderr.startswith("100 lines: 100 good (100 distinct, 0 repeated")


def test_simulate_writes_lines_and_truth_to_files(tmp_path):
    out, truth = tmp_path / "likes.jsonl", tmp_path / "truth.json"
    told = run("simulate", "--likes", "500", "--out", str(out), "--truth", str(truth))
    assert told.exit_code == 0 and told.stdout == ""
    totals = json.loads(truth.read_text())
    assert totals["lines"] == len(out.read_bytes().splitlines()) and totals["events"] == 500
    assert sorted(path.name for path in tmp_path.iterdir()) == ["likes.jsonl", "truth.json"]


def test_simulate_gives_the_same_bytes_for_the_same_seed_and_end():
    arguments = ("simulate", "--likes", "50", "--until", "2026-01-31", "--seed")
    first, again, other = (run(*arguments, seed).stdout_bytes for seed in ("7", "7", "8"))
    assert first == again != other


def test_simulate_into_a_folder_that_is_not_there_is_one_sentence(tmp_path):
    told = run("simulate", "--likes", "1", "--out", str(tmp_path / "no" / "where"))
    assert told.exit_code == 1
    assert "No such file or directory" in told.stderr and told.stderr.count("\n") == 1


@pytest.mark.parametrize("option", ["--malformed=2", "--likes=-1", "--days=0", "--until=soon"])
def test_simulate_refuses_what_cannot_be(option):
    assert run("simulate", option).exit_code == 2


# --- send ---


def test_send_without_the_file_is_one_sentence(stage):
    told = run("send", "nowhere.jsonl")
    assert told.exit_code == 1 and "nowhere.jsonl: No such file" in told.stderr
    assert told.stderr.count("\n") == 1


def test_send_to_nobody_keeps_the_lines_with_their_ids(stage, tmp_path, monkeypatch):
    monkeypatch.setattr("infra.cli.traffic.send.ATTEMPTS", 1)
    file = tmp_path / "likes.jsonl"
    file.write_text('{"movie_id":"a"}\nnonsense\n{"movie_id":"b","event_id":"x"}\n')
    sends = __import__("infra.cli.traffic.send", fromlist=["send"])
    monkeypatch.setitem(sends.send.__kwdefaults__, "attempts", 1)
    told = run("send", str(file))
    assert told.exit_code == 1
    assert "3 lines: 0 accepted, 1 refused, 2 failed" in told.stdout
    assert "line 2: not_json" in told.stderr
    kept = tmp_path / "likes.jsonl.failed.jsonl"
    assert str(kept) in told.stderr
    lines = [json.loads(line) for line in kept.read_text().splitlines()]
    assert [line["movie_id"] for line in lines] == ["a", "b"]
    assert lines[0]["event_id"] and lines[1]["event_id"] == "x"


@pytest.mark.parametrize(("refused", "failed", "code"), [(0, 0, 0), (1, 0, 1), (0, 1, 1)])
def test_send_exits_1_if_any_line_was_not_taken(stage, monkeypatch, refused, failed, code):
    sent = Sent(2, 2 - refused - failed, {"not_json": refused}, failed, 1, 0, 0.1)
    monkeypatch.setattr("infra.cli.traffic.sending.send_file", lambda *given, **more: (sent, None))
    assert run("send", "-").exit_code == code
    told = run("send", "-", "--format", "json")
    assert told.exit_code == code
    [fields] = json.loads(told.stdout)
    assert (fields["lines"], fields["refused"], fields["failed"]) == (2, refused, failed)
    assert fields["reasons"] == {"not_json": refused} and fields["kept"] is None


def test_send_tells_programs_where_failed_lines_are(stage, monkeypatch, tmp_path):
    sent = Sent(1, 0, {}, 1, 1, 0, 0.1)
    kept = tmp_path / "likes.failed.jsonl"
    monkeypatch.setattr("infra.cli.traffic.sending.send_file", lambda *given, **more: (sent, kept))
    told = row(run("send", "-", "--format", "csv"))
    assert (told["failed"], told["reasons"], told["kept"]) == ("1", "{}", str(kept))


# --- sql, counts, rejected ---


ROWS = pa.record_batch(
    {
        "film": ["Amélie", None],
        "likes": [1200, None],
        "at": pa.array([datetime(2026, 1, 31, 12, 0, 0, 123000), None], pa.timestamp("ms")),
    }
)


def answer(*batches: pa.RecordBatch):
    """What `queries.stream` gives."""
    return nullcontext(Answer(batches[0].schema, iter(batches), {"bytes": 1}))


@pytest.fixture
def asked(monkeypatch):
    """The questions that were asked; each is answered with ROWS."""
    seen = []

    def stream(question, connection=None, max_bytes=None, whole=False, **parameters):
        if max_bytes is not None:
            parameters["most"] = max_bytes
        seen.append((question, parameters))
        return answer(ROWS)

    monkeypatch.setattr(queries, "stream", stream)
    monkeypatch.setattr(queries, "connect", lambda stage: stage)
    return seen


def test_sql_passes_question_and_parameters_on(asked):
    assert run("sql", "top_movies", "-p", "n=5", "-p", "note=a=b").exit_code == 0
    assert asked == [("top_movies", {"n": "5", "note": "a=b"})]


def test_sql_writes_json_csv_and_a_table(asked):
    rows = json.loads(run("sql", "x", "--format", "json").stdout)
    assert rows[0] == {"film": "Amélie", "likes": 1200, "at": "2026-01-31T12:00:00.123"}
    assert rows[1] == {"film": None, "likes": None, "at": None}
    lines = run("sql", "x", "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line) for line in lines] == rows
    lines = run("sql", "x", "--format", "csv").stdout.splitlines()
    assert lines == ['"film","likes","at"', '"Amélie",1200,2026-01-31 12:00:00.123', ",,"]
    assert "1,200" in run("sql", "x").stdout


def test_sql_lists_the_questions_that_come_with_it():
    rows = json.loads(run("sql", "--list", "--format", "json").stdout)
    assert {"name", "what it answers", "grain", "parameters"} == set(rows[0])
    known = {question.name: question for question in queries.library()}
    assert [row["name"] for row in rows] == sorted(known)
    for row in rows:
        told = [queries.Parameter(**parameter) for parameter in row["parameters"]]
        assert tuple(told) == (known[row["name"]].parameters or ())
    lines = list(csv.reader(io.StringIO(run("sql", "--list", "--format", "csv").stdout)))
    assert [line[0] for line in lines] == ["name", *sorted(known)]
    assert "n bigint = 10" in dict((line[0], line[3]) for line in lines)["top_movies"]


@pytest.mark.parametrize("width", ["80", "100"])
def test_sql_lists_the_questions_readably(monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    shown = run("sql", "--list").stdout
    assert max(len(line) for line in shown.splitlines()) <= int(width)
    assert "\ntop_movies\n    Which films gained" in shown
    assert re.search(r"\n      n bigint = 10 +how many films\n", shown)


def test_sql_asks_the_statements_of_a_script(asked):
    script = "SELECT ';' AS a; -- the first\ntop_movies n=5;\n\nSELECT 2\n"
    assert run("sql", "--max-bytes", "1kB", stdin=script).exit_code == 0
    assert asked == [
        ("SELECT ';' AS a", {"most": 1000}),
        ("top_movies", {"n": "5", "most": 1000}),
        ("SELECT 2", {"most": 1000}),
    ]


def test_sql_passes_on_how_much_may_be_scanned(asked):
    assert run("sql", "x", "--max-bytes", "1.5GB").exit_code == 0
    assert asked == [("x", {"most": 1_500_000_000})]
    told = run("sql", "x", "--max-bytes", "much")
    assert told.exit_code == 1
    assert told.stderr == 'lake: "much" is not a size such as 100MB or 1.5GB.\n'


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A lake of a hundred likes."""
    folder = Lake(tmp_path / "lake")
    at = datetime(2026, 3, 1)
    folder.put_lake([like(n, at) for n in range(100)])
    monkeypatch.setattr(queries, "connect", lambda stage: folder.connection)
    return folder


def test_sql_tells_what_it_would_cost_and_does_not_ask(small, monkeypatch):
    monkeypatch.setattr(queries, "stream", None)
    sql = "SELECT count(DISTINCT event_id), min(movie_id) FROM likes"
    told = run("sql", sql, "--estimate").stdout
    assert re.search(r"likes +event_id +[\d,]+\nlikes +movie_id +[\d,]+\n", told)
    assert re.search(r"Athena would scan [\d.]+ kB of 1 file .* bill 10.0 MB: 0.000050 USD", told)
    (row,) = json.loads(run("sql", sql, "--estimate", "--format", "json").stdout)
    assert row["billed_bytes"] == 10_000_000 and row["dollars"] == pytest.approx(0.00005)
    assert 0 < row["bytes"] < row["most"] and row["files"] == 1


def test_sql_refuses_what_would_scan_too_much(small):
    told = run("sql", "SELECT event_id FROM likes", "--max-bytes", "100")
    assert told.exit_code == 1 and told.stdout == ""
    assert re.match(
        r"lake: This would scan [\d.]+ kB \(0.000050 USD\), more than the 100 bytes that are "
        r"allowed; most of it: likes.event_id [\d.]+ (kB|bytes)",
        told.stderr,
    )
    assert told.stderr.count("\n") == 1
    assert run("sql", "SELECT event_id FROM likes", "--max-bytes", "1MB").exit_code == 0


COUNT = "SELECT count(*) AS n FROM likes"


@pytest.mark.parametrize(
    "statement", ["-- mine\nSELECT 1 AS x", "--mine\nSELECT 1 AS x", "/* a */ SELECT 1 AS x"]
)
def test_sql_takes_a_statement_that_begins_with_a_comment(small, statement):
    told = run("sql", statement, "--format", "csv")
    assert (told.exit_code, told.stdout) == (0, '"x"\n1\n')
    assert run("sql", "--format", "csv", statement).stdout == told.stdout


def test_a_mistake_behind_a_comment_is_pointed_at(small):
    told = run("sql", "-- mine\nSELECT nope FROM likes")
    assert told.exit_code == 1 and "line 2, column 8: SELECT nope" in told.stderr
    assert run("sql", "--nope").exit_code == 2 and run("sql", "--max-bytes=1 MB").exit_code == 2


def test_sql_asks_what_a_file_says(small, tmp_path):
    script = tmp_path / "question.sql"
    script.write_text(f"-- é\n{COUNT} WHERE movie_id = :film;\n")
    told = run("sql", "-f", str(script), "-p", "film=tt0", "--format", "json")
    [row] = json.loads(told.stdout)
    assert 0 < row["n"] < 100
    script.write_text(f"{COUNT}; {COUNT};")
    assert run("sql", "-f", str(script), "--format", "csv").stdout == '"n"\n100\n"n"\n100\n'
    for more in (["-p", "film=tt0"], ["-o", str(tmp_path / "a.csv")], ["x"]):
        assert run("sql", "-f", str(script), *more).exit_code == 2
    assert run("sql", "-f", str(tmp_path / "none.sql")).exit_code == 2


@pytest.mark.parametrize(
    ("name", "form", "text"),
    [
        ("a.csv", None, '"n"\n100\n'),
        ("a.JSON", None, '[{"n": 100}]\n'),
        ("a.jsonl", None, '{"n": 100}\n'),
        ("a.ndjson", None, '{"n": 100}\n'),
        ("a.txt", None, "  n\n───\n100\n"),
        ("a.csv", "jsonl", '{"n": 100}\n'),
        ("answer", "csv", '"n"\n100\n'),
    ],
)
def test_sql_writes_to_a_file_in_the_format_that_its_suffix_says(small, tmp_path, name, form, text):
    out = tmp_path / name
    told = run("sql", COUNT, "-o", str(out), *(["--format", form] if form else []))
    assert (told.exit_code, told.stdout, out.read_text()) == (0, "", text)


def test_sql_writes_a_file_whole_or_not_at_all(small, tmp_path):
    out = tmp_path / "answer.csv"
    told = run("sql", COUNT, "-o", str(tmp_path / "answer"))
    assert told.exit_code == 2 and "give --format, or one of .csv, .json," in told.stderr
    out.write_text("before")
    fails = "SELECT CAST(event_id AS bigint) AS x FROM likes"
    assert run("sql", fails, "-o", str(out)).exit_code == 1
    assert out.read_text() == "before" and not list(tmp_path.glob("*.part"))


def test_sql_shows_so_many_rows_of_a_table(small):
    sql = "SELECT event_id FROM likes"
    lines = run("sql", sql, "--rows", "7").stdout.splitlines()
    assert len(lines) == 10 and lines[-1] == "(7 of 100 rows shown)"
    assert len(run("sql", sql, "--format", "csv").stdout.splitlines()) == 101
    assert run("sql", f"{sql} WHERE day = '2020-01-01'").stdout.splitlines()[-1] == "(0 rows)"


@pytest.fixture
def asking(tmp_path):
    """Starts `lake sql` on a lake of 300 likes in a process of its own."""
    started = []

    def starts(*arguments):
        program = ("tests.infra.cli.prompt.program", str(tmp_path / "lake"), *arguments)
        process = subprocess.Popen(
            [sys.executable, "-m", *program],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        assert process.stderr.readline() == b"Asking.\n"
        return process

    yield starts
    for process in started:
        process.kill()
        process.communicate()


MANY = "SELECT a.* FROM likes a, likes b, likes c, likes d"  # 8.1 thousand million rows
LONG = "SELECT count(*) FROM likes a, likes b, likes c, likes d WHERE a.user_id || d.user_id <> 'x'"


@pytest.mark.parametrize("form", some(["csv", "json", "jsonl"], 3))
def test_an_answer_that_nobody_reads_any_more_ends_quietly(asking, form):
    process = asking(MANY, "--format", form)
    assert b"event_id" in process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b"" and process.wait(60) == UNREAD


@pytest.mark.parametrize(
    ("sql", "more"), some([(LONG, ()), (MANY, ("--format", "csv", "-o")), (MANY, ())], 2)
)
def test_ctrl_c_ends_a_question_with_one_line(asking, tmp_path, sql, more):
    out = tmp_path / "out"
    out.mkdir()
    process = asking(sql, *more, *([str(out / "a.csv")] if more else []))
    time.sleep(1)  # so that it is under way; sooner or later makes no difference
    process.send_signal(signal.SIGINT)
    said = process.stderr.read()
    assert process.wait(60) == INTERRUPTED
    assert said == b"\nInterrupted.\n" and list(out.iterdir()) == []


def test_the_shell_completes_questions():
    for begun, names in (("top_movies_b", ["top_movies_by_period"]), ("nothing", [])):
        told = CliRunner(
            env={"_LAKE_COMPLETE": "bash_complete", "COMP_WORDS": f"lake sql {begun}",
                 "COMP_CWORD": "2"}
        ).invoke(lake.main, prog_name="lake")  # fmt: skip
        assert told.stdout.split() == [f"plain,{name}" for name in names]


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_what_is_for_aws_alone_asks_which_stage(command, monkeypatch):
    told = run(command)
    assert told.exit_code == 2 and "Missing option '--stage'" in told.stderr
    monkeypatch.setenv("LAKE_STAGE", "nope")
    assert 'There is no stage "nope"' in run(command).stderr


def test_a_region_is_named_as_terraform_has_it(monkeypatch, tmp_path):
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_REGION", raising=False)
    told = run("sql", "SELECT 1", "--stage", "prod")
    assert told.exit_code == 1 and told.stderr.count("\n") == 1
    assert "no AWS region is set; set AWS_REGION, for example to eu-west-1." in told.stderr


def test_the_region_of_terraform_is_boto3_s_as_well(broken, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "")
    monkeypatch.delenv("AWS_DEFAULT_REGION")  # so that it is put back as it was
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    broken.append(ValueError())
    run("broken")
    assert boto3.Session().region_name == "eu-north-1"


@pytest.mark.parametrize(
    "arguments", [[], ["-p", "n=1"], ["x", "-p", "n"], ["x", "-p", "=5"], ["x", "-p", "a b=1"]]
)
def test_sql_says_how_it_wants_to_be_asked(asked, arguments):
    told = run("sql", *arguments)
    assert told.exit_code == 2 and asked == []


def test_an_unknown_question_is_one_sentence(stage):
    told = run("sql", "top_moveis")
    assert told.exit_code == 1 and 'Did you mean "top_movies"?' in told.stderr


def test_rejected_asks_for_the_last_days_or_the_one_named(asked):
    began = plan.today()
    assert run("rejected", "--reason", "not_json", "--limit", "3").exit_code == 0
    assert run("rejected", "--day", "2026-01-31").exit_code == 0
    (first, known), (_, named) = asked
    assert "reason = :reason" in first and "LIMIT 3" in first
    # Midnight may come meanwhile.
    assert known["reason"] == "not_json" and known["last"] in {str(began), str(plan.today())}
    assert named == {"first": "2026-01-31", "last": "2026-01-31"}


@pytest.fixture(autouse=True)
def titles(monkeypatch):
    """What the stage's table says of films, where a test does not ask the stage itself."""
    known = {"tt0111161": "The Shawshank Redemption", "tt0068646": "The Godfather"}
    monkeypatch.setattr(table, "titles", lambda stage: known)


def test_counts_shows_titles_and_zero_for_a_film_never_liked(stage, monkeypatch):
    monkeypatch.setattr(
        stages, "counts", lambda stage, movies: {movie: len(movie) for movie in movies}
    )
    rows = json.loads(run("counts", "tt0111161", "x", "--format", "json").stdout)
    assert rows == [
        {"movie_id": "tt0111161", "title": "The Shawshank Redemption", "likes": 9},
        {"movie_id": "x", "title": "", "likes": 1},
    ]


def test_a_payload_cannot_send_codes_to_the_terminal(asked, monkeypatch):
    rows = pa.record_batch({"payload": ["\x1b[2J\x07 hello"]})
    monkeypatch.setattr(queries, "stream", lambda *given, **more: answer(rows))
    told = run("rejected").stdout
    assert "\x1b" not in told and "\\x1b[2J\\x07 hello" in told


# --- movies ---


@pytest.fixture
def s3(stage, monkeypatch):
    """The buckets of the stage, in memory."""
    objects = Objects()
    monkeypatch.setattr(Stage, "client", lambda *given, **settings: objects)
    return objects


def test_movies_are_loaded_listed_and_looked_for(s3, tmp_path):
    (tmp_path / "films.csv").write_text("id,title,year\ntt2,Léon,1994\ntt1,M,\n")
    told = run("movies", "load", str(tmp_path / "films.csv"))
    assert (told.exit_code, told.stderr) == (0, "")
    assert told.stdout == "The table movies has 2 films: 2 added, 0 changed, 0 removed.\n"
    assert re.search(r"tt1 +M *\ntt2 +Léon +1994\n", run("movies").stdout)
    rows = json.loads(run("movies", "leon 1994", "--format", "json").stdout)
    assert rows == [{"movie_id": "tt2", "title": "Léon", "year": 1994}]
    assert run("movies", "list", "load", "--format", "csv").stdout == "movie_id,title,year\n"
    (tmp_path / "films.csv").write_text("id,title\ntt3,Z\n")
    load = ("movies", "load", str(tmp_path / "films.csv"), "--replace", "--format", "json")
    assert json.loads(run(*load).stdout) == [{"movies": 1, "added": 1, "changed": 0, "removed": 2}]


def test_an_empty_table_of_movies_says_how_to_fill_it(s3):
    told = run("movies", "--format", "json")
    assert (told.exit_code, json.loads(told.stdout)) == (0, [])
    assert "`lake movies load FILE --stage local`" in told.stderr


def test_of_a_file_with_a_bad_row_nothing_is_loaded(s3, tmp_path):
    (tmp_path / "films.csv").write_text("id,title\ntt1,M\ntt2,\n")
    told = run("movies", "load", str(tmp_path / "films.csv"))
    assert (told.exit_code, told.stdout, s3.objects) == (1, "", {})
    says = f"lake: {tmp_path}/films.csv: line 3: title is a text of 1 to 500 characters.\n"
    assert told.stderr == says
    assert run("movies", "load", str(tmp_path / "none.csv")).exit_code == 2
    assert run("movies", "--stage", "local", "load", __file__).exit_code == 2  # it is no search


# --- trending ---


AS_OF = datetime(2026, 1, 31, 12, tzinfo=UTC)
RISING = [
    trending.Entry(1, 4, "tt0111161", 1200, 3, 40.25),
    trending.Entry(2, None, "x", 7, 0, 4.0),
]


@pytest.fixture
def board(stage, monkeypatch):
    """Make the stage's API tell a board; gives what was asked of it."""
    asked = []

    def tells(films, as_of=AS_OF):
        def ask(source):
            asked.append((source._url, source._fields))
            return trending.Board("1h", as_of, films)

        monkeypatch.setattr(trending.Source, "ask", ask)
        return asked

    return tells


def test_trending_shows_how_films_moved_and_how_old_that_is(board):
    asked = board(RISING)
    told = run("trending")
    assert (told.exit_code, told.stderr) == (0, "")
    assert re.search(r"1 +▲3 +The Shawshank Redemption +tt0111161 +1,200 +3 +40.2\n", told.stdout)
    assert re.search(r"2 +new +x +7 +0 +4.0\n", told.stdout)
    assert re.search(
        r"The last 1h as of 2026-01-31 12:00:00 UTC, \d+ days?, .* ago.\n$", told.stdout
    )
    assert asked == [("http://127.0.0.1:9/local", {"window": "1h", "limit": "20"})]


def test_trending_writes_json_and_csv_with_the_ranks_themselves(board):
    asked = board(RISING)
    rows = json.loads(run("trending", "--window", "15m", "--limit", "2", "--format", "json").stdout)
    assert rows == [
        {"rank": 1, "previous_rank": 4, "title": "The Shawshank Redemption",
         "movie_id": "tt0111161", "likes": 1200, "unlikes": 3, "score": 40.2,
         "as_of": "2026-01-31T12:00:00+00:00"},
        {"rank": 2, "previous_rank": None, "title": None, "movie_id": "x", "likes": 7,
         "unlikes": 0, "score": 4.0, "as_of": "2026-01-31T12:00:00+00:00"},
    ]  # fmt: skip
    lines = list(csv.reader(io.StringIO(run("trending", "--format", "csv").stdout)))
    assert lines[0] == list(rows[0])
    assert lines[2] == ["2", "", "", "x", "7", "0", "4.0", "2026-01-31T12:00:00+00:00"]
    assert asked[0][1] == {"window": "15m", "limit": "2"}


@pytest.mark.parametrize(
    ("form", "rows"),
    [
        ("table", ""),
        ("json", "[]\n"),
        ("csv", "rank,previous_rank,title,movie_id,likes,unlikes,score,as_of\n"),
    ],
)
def test_trending_says_when_nothing_was_ranked_yet(board, form, rows):
    board([], None)
    told = run("trending", "--format", form)
    sentence = "Nothing has been ranked yet; the films are ranked each minute.\n"
    assert told.exit_code == 0
    assert told.stdout == (rows if form != "table" else sentence)
    assert told.stderr == (sentence if form != "table" else "")


@pytest.mark.parametrize("command", [["trending"], ["trending", "--format", "json"]])
def test_trending_without_the_api_is_one_sentence(stage, command):
    told = run(*command)
    assert told.exit_code == 1 and told.stdout == ""
    assert told.stderr.startswith("lake: The API at http://127.0.0.1:9/local cannot be reached")
    assert told.stderr.count("\n") == 1


@pytest.mark.parametrize("option", ["--window=2h", "--limit=0", "--limit=101", "--limit=ten"])
def test_trending_refuses_what_cannot_be(stage, option):
    assert run("trending", option).exit_code == 2


# --- watch ---


def test_watch_is_told_the_stage_and_for_how_long(stage, monkeypatch):
    asked = []
    monkeypatch.setattr("infra.cli.watch.command.watch", lambda *given: asked.append(given[:2]))
    assert run("watch").exit_code == run("watch", "--seconds", "1.5").exit_code == 0
    assert asked == [(stage, None), (stage, 1.5)]
    assert run("watch", "--seconds", "0").exit_code == 2


# --- demo ---


@pytest.mark.parametrize("agrees", [True, False])
def test_demo_shows_each_total_and_exits_1_if_any_differs(stage, monkeypatch, agrees):
    shown = demo.Shown(
        (Check("sent", 10, 10, True), Check("counted", 9, 8, agrees)),
        (("tt0111161", 5), ("tt0068646", 3)),
        Board("1h", None, [Entry(1, None, "tt0068646", 3, 0, 7.5)]),
        "tt0068646",
        Made("2026-01-30", "made", "reports/2026-01-30.html", ["Up.", "More.", "Who."]),
    )
    monkeypatch.setattr(lifecycle, "up", lambda *given: stage)
    monkeypatch.setattr(demo, "demo", lambda *given: shown)
    told = run("demo")
    assert told.exit_code == (0 if agrees else 1)
    assert "The Shawshank Redemption" in told.stdout
    assert ("✗" in told.stdout) != agrees
    assert re.search(r"The Godfather +3 +viral", told.stdout)
    assert re.search(r"1 +The Godfather +3 +0 +7.5 +viral$", told.stdout, re.M)
    assert told.stdout.endswith(f"{stage.outputs.site_url}\n")
    assert ("lake sql top_movies" in told.stdout) == agrees
    assert "lake report --day 2026-01-30 --open" in told.stdout and "  More.\n" in told.stdout


# --- reports ---

MADE = Made("2026-01-30", "restated", "reports/2026-01-30.html", ["Up.", "More.", "Who."])


@pytest.fixture
def reports(stage, monkeypatch):
    """A function that says what it always says, and the calls of it; a bucket with what it made."""
    called = []
    objects = Objects()
    objects.add("reports/index.html", b"all")
    objects.add("reports/2026-01-30.html", b"page")
    objects.add("reports/2026-01-30/top.csv", b"top")

    def make(opened, call):
        called.append(call)
        return MADE

    monkeypatch.setattr(reporting, "make", make)
    monkeypatch.setattr(reporting, "_store", lambda opened: ReportStore(Bucket(objects, "bucket")))
    return called


def test_report_says_what_was_made_of_which_day_and_where(reports):
    told = run("report", "--day", "2026-01-30")
    assert told.exit_code == 0
    assert told.stdout.splitlines() == [
        "2026-01-30: made again, for its likes had changed", "  Up.", "  More.", "  Who.",
        f"  {OUTPUTS.site_url}/reports/2026-01-30.html",
    ]  # fmt: skip
    began = plan.today()
    assert run("report", "--week", "2026-W05").exit_code == run("report").exit_code == 0
    *named, (yesterday, week) = [(call.day, call.week) for call in reports]
    assert (named, week) == ([("2026-01-30", None), (None, "2026-W05")], None)
    assert yesterday in {str(day - timedelta(days=1)) for day in (began, plan.today())}


def test_report_in_json_and_csv(reports):
    told = run("report", "--format", "json")
    assert json.loads(told.stdout) == [msgspec.to_builtins(MADE)]
    told = row(run("report", "--format", "csv"))
    assert (told["name"], told["headlines"]) == ("2026-01-30", "Up. More. Who.")


@pytest.mark.parametrize(
    ("given", "why"),
    [(("--day", "2999-01-01"), "is not over yet"), (("--week", "2999-W01"), "is not over yet"),
     (("--week", "2026-01-30"), "is a day"), (("--week", "next"), "neither a day"),
     (("--day", "2026-01-30", "--week", "2026-W05"), "name one")],
)  # fmt: skip
def test_what_has_no_report_is_not_asked_for(given, why, reports):
    told = run("report", *given)
    assert told.exit_code == 2 and why in told.output
    assert reports == []


@pytest.mark.parametrize("browser", [True, False])
def test_a_report_is_fetched_whole_and_opened(browser, reports, home, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or browser)
    told = run("report", "--open")
    page = home / "reports/local/2026-01-30.html"
    assert opened == [page.as_uri()] and page.read_bytes() == b"page"
    assert (page.parent / "2026-01-30/top.csv").read_bytes() == b"top"
    assert (page.parent / "index.html").read_bytes() == b"all"
    assert ("No browser could be opened" in told.stderr) != browser and str(page) in told.stderr
    assert run("report", "--out", str(tmp_path / "out")).exit_code == 0
    assert (tmp_path / "out/2026-01-30.html").is_file() and len(opened) == 1


# --- what goes wrong ---


@pytest.fixture
def broken():
    """A command that raises what it is given."""
    raised: list[BaseException] = []

    @lake.main.command("broken")
    def _broken() -> None:
        raise raised[0]

    yield raised
    del lake.main.commands["broken"]


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (stages.StageError("Not up."), 1, "lake: Not up.\n"),
        (queries.QueryError("No such table."), 1, "lake: No such table.\n"),
        (
            PermissionError(13, "Permission denied", "likes.jsonl"),
            1,
            "lake: likes.jsonl: Permission denied\n",
        ),
        (RuntimeError("odd\nand long"), 1, "lake: RuntimeError: odd (LAKE_DEBUG=1 shows where)\n"),
        (RuntimeError(), 1, "lake: RuntimeError: no message (LAKE_DEBUG=1 shows where)\n"),
        (KeyboardInterrupt(), 130, "\nInterrupted.\n"),
        (
            NoRegionError(),
            1,
            "lake: No AWS region is set; set AWS_REGION, for example to eu-west-1.\n",
        ),
        (click.UsageError("Say more."), 2, "Error: Say more.\n"),
    ],
)
def test_an_error_is_one_sentence_and_an_exit_code(broken, error, code, says):
    broken.append(error)
    told = run("broken")
    assert told.exit_code == code and told.stderr.endswith(says)
    assert told.stdout == "" and "Traceback" not in told.stderr


def test_lake_debug_shows_the_traceback(broken, monkeypatch):
    monkeypatch.setenv("LAKE_DEBUG", "1")
    broken.append(RuntimeError("odd"))
    assert run("broken").exception is broken[0]


def test_a_pipe_that_closes_is_no_error_to_tell():
    with subprocess.Popen(
        [*LAKE, "simulate", "--likes", "50000"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
        assert process.wait(30) == UNREAD and said == b""


def test_ctrl_c_is_one_line_and_leaves_nothing_half_written(tmp_path):
    out = tmp_path / "likes.jsonl"
    with subprocess.Popen(
        [*LAKE, "simulate", "--likes", "100000000", "--out", str(out)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr
        while not list(tmp_path.iterdir()):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        assert process.wait(30) == INTERRUPTED
    assert said == b"\nInterrupted.\n" and list(tmp_path.iterdir()) == []

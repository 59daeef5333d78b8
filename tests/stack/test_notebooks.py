"""Each notebook runs whole on the stage, and what it shows is so."""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import nbformat
import pytest
from nbformat import v4
from rich.console import Console

import queries
from infra.cli.backfill import command
from infra.cli.backfill.ledger import Request
from infra.stage import counts, invoke
from tests import plan

ROOT = Path(__file__).parents[2]
# Among the days that the notebooks look at, but where no test of trends has likes: an hour that was
# backfilled is stated from the lake, and waits until what comes by the stream is compacted.
NOON = plan.days("notebooks").at(-1, 12)
FILM = plan.film("notebook")
PEAK, STEADY = plan.PEAK, 10
# A process of its own: what its client leaves of sockets and loops does not meet other tests.
EXECUTE = [
    *(sys.executable, "-c", "from nbclient.cli import main; main()"),
    *("--inplace", "--timeout=90"),
]

# What each is asked when it has run, by the names that its cells gave.
ASKED = {
    "01_first_look": """{
        "day": day, "rows": len(likes), "by_hour": by_hour.tolist(),
        "top": top["movie_id"].tolist(),
        "counted": dict(zip(both["movie_id"], exact["in DynamoDB"].tolist())),
    }""",
    "02_trends": """{
        "film": film, "peak": f"{peak:%Y-%m-%dT%H}", "net": at_peak["net"],
        "score": at_peak["score"], "apart": apart.max(), "unpaired": int(apart.isna().sum()),
        "table": theirs.loc[film, ["likes", "score", "rank"]].tolist(),
        "place": int(ours.loc[film, "rank"]),
    }""",
    "03_build_a_report": """{
        "first": str(span["first_day"]), "last": str(last_day), "net": net,
        "top": answers["films"]["movie_id"].tolist(), "dollars": costs["USD"].iloc[-1],
    }""",
}


@pytest.fixture(scope="module")
def filled(stage, tmp_path_factory):
    """Two days of a film of ours, some likes an hour, and a peak."""
    path = tmp_path_factory.mktemp("likes") / "likes.jsonl"
    hours = [NOON + timedelta(hours=n) for n in range(-36, 12)]
    path.write_text(
        "\n".join(
            json.dumps(
                {
                    "movie_id": FILM,
                    "liked_at": f"{hour + timedelta(seconds=n // 2):%FT%TZ}",
                    "event_id": f"{FILM}-{hour:%d%H}-{n}",
                }
            )  # fmt: skip
            for hour in hours
            for n in range(PEAK if hour == NOON else STEADY)
        )
    )
    invoke(stage, "compact", {})  # what the tests before these sent
    command.backfill(stage, Request((str(path),)), Console(quiet=True))


@pytest.fixture(scope="module")
def ran(stage, home, filled, tmp_path_factory):
    """What each notebook told when it had run, its outputs, and the folder it wrote to."""
    folder = tmp_path_factory.mktemp("notebooks")
    outside = ("AWS_", "LAKE_", "JUPYTER", "MPL")
    environment = {n: v for n, v in os.environ.items() if not n.startswith(outside)} | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "IPYTHONDIR": str(folder),
        "LAKE_HOME": str(home),
        "PYTHONPATH": str(ROOT),
    }

    copies = shutil.copytree(ROOT / "notebooks", folder / "notebooks")

    def run(name):
        path = copies / f"{name}.ipynb"
        notebook = nbformat.read(path, 4)
        for cell in notebook.cells:
            if "parameters" in cell.metadata.get("tags", ()):
                cell.source += f"\nFOLDER = {str(folder / 'report')!r}"
        notebook.cells.append(v4.new_code_cell(f"import json\nprint(json.dumps({ASKED[name]}))"))
        nbformat.write(notebook, path)
        done = subprocess.run(
            [*EXECUTE, str(path)], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        cells = nbformat.read(path, 4).cells
        outputs = [output for cell in cells for output in cell.get("outputs", ())]
        return json.loads(outputs[-1].text), outputs, folder / "report"

    with ThreadPoolExecutor(2) as pool:
        yield dict(zip(ASKED, pool.map(run, ASKED), strict=True))


@pytest.fixture
def ask(connection):
    """Ask the lake."""
    return lambda sql, **parameters: queries.run(sql, connection=connection, **parameters)


@pytest.mark.parametrize("name", ASKED)
def test_it_warns_of_nothing_and_draws_its_charts(ran, name):
    _, outputs, _ = ran[name]
    assert [each.text for each in outputs if each.get("name") == "stderr"] == []
    charts = [each for each in outputs if "image/png" in each.get("data", ())]
    assert len(charts) == {"01_first_look": 3, "02_trends": 1, "03_build_a_report": 3}[name]


def test_the_first_shows_what_sql_and_dynamodb_know(ran, stage, ask):
    told, _, _ = ran["01_first_look"]
    day = told["day"]
    assert day <= str(plan.today())
    hours = ask(
        "SELECT hour(liked_at) AS hour, count(*) AS n FROM likes "
        "WHERE day = :day AND action = 'like' GROUP BY hour(liked_at)",
        day=day,
    )
    by_hour = dict(zip(hours["hour"], hours["n"], strict=True))
    assert told["by_hour"] == [by_hour.get(hour, 0) for hour in range(24)]
    assert told["rows"] == ask("SELECT count(*) AS n FROM likes WHERE day = :day", day=day)["n"][0]
    assert told["top"] == ask("top_movies", first_day=day, last_day=day)["movie_id"].tolist()
    assert told["counted"] == counts(stage, told["counted"]) != {}


def test_the_second_computes_the_scores_that_the_table_holds(ran):
    told, _, _ = ran["02_trends"]
    assert (told["film"], told["peak"], told["net"]) == (FILM, f"{NOON:%Y-%m-%dT%H}", PEAK)
    assert told["table"] == [PEAK, told["score"], 1] and told["place"] == 1
    assert told["score"] > 100
    assert told["apart"] <= 0.001 and told["unpaired"] == 0


def test_the_third_writes_a_page_and_tables(ran, ask):
    told, _, folder = ran["03_build_a_report"]
    span = {"first_day": told["first"], "last_day": told["last"]}
    days = ask("likes_by_day", **span)
    assert told["net"] == days["likes"].sum() - days["unlikes"].sum() >= PEAK
    assert told["top"] == ask("top_movies", **span)["movie_id"].tolist()
    assert told["dollars"] == pytest.approx(5 * 0.000_05)  # five questions, 10 MB each
    page = (folder / "report.html").read_text("utf-8")
    assert page.count("<svg") == 3 and FILM in page and "<script" not in page
    assert (folder / "films.csv").read_text("utf-8").startswith("place,movie_id,title,year,")
    names = {"days", "films", "trends", "hours", "sources"}
    assert {path.stem for path in folder.glob("*.csv")} == names

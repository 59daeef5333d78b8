"""The prompt, typed at on a terminal, and what it does with what was typed."""

import fcntl
import io
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from contextlib import nullcontext
from pathlib import Path

import pyarrow as pa
import pytest

import queries
from glue import tables
from infra.cli.output.display import Display
from infra.cli.output.tables import ROWS
from infra.cli.prompt import command
from infra.cli.prompt.command import Source
from queries.engine.answers import Answer

ROOT = Path(command.__file__).parents[3]
PATIENCE_S = 30
_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")


class Terminal:
    """A terminal with `lake sql` on it."""

    def __init__(self, folder: Path, home: Path, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        environment = {"LAKE_HOME": str(home), "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.infra.cli.prompt.program", str(folder), *arguments],
            cwd=ROOT,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env=os.environ | environment,
        )
        os.close(theirs)
        self._seen = ""

    def type(self, text: str) -> None:
        """Press the keys of the text; `\\r` is Enter, `\\x03` Ctrl-C, `\\x04` Ctrl-D."""
        os.write(self._ours, text.encode())

    def until(self, pattern: str) -> str:
        """What is shown up to the pattern and with it, from where the last one ended."""
        deadline = time.monotonic() + PATIENCE_S
        while (found := re.search(pattern, self._seen, re.DOTALL)) is None:
            assert time.monotonic() < deadline, f"{pattern!r} is not in {self._seen!r}"
            assert self._more(), f"{pattern!r} is not in {self._seen!r}, and it ended"
        shown, self._seen = self._seen[: found.end()], self._seen[found.end() :]
        return shown

    def ended(self) -> int:
        """The exit code."""
        while self._more():
            pass
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)

    def _more(self) -> bool:
        if not select.select([self._ours], [], [], 1)[0]:
            return self.process.poll() is None
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # nobody is at the other end any more
            return False
        self._seen += _CODES.sub("", data.decode(errors="replace"))
        return bool(data)


@pytest.fixture
def terminal(tmp_path):
    """Gives a terminal with what is typed behind `lake sql`; closed in the end."""
    opened = []

    def opens(*arguments):
        opened.append(Terminal(tmp_path / "lake", tmp_path / "home", *arguments))
        opened[-1].until("lake>")
        return opened[-1]

    yield opens
    for each in opened:
        each.close()


QUESTION = "top_movies n=2 first_day=2026-03-01 last_day=2026-03-01"
LONG = (
    "SELECT count(*) FROM likes a, likes b, likes c, likes d WHERE a.user_id || d.user_id <> 'x';"
)


def test_a_session_on_a_terminal(terminal, tmp_path):
    prompt = terminal()
    prompt.type(f"{QUESTION}\r")
    shown = prompt.until(r"USD on Athena\.")
    assert re.search(r"place +movie_id +title +year +net_likes", shown)
    assert re.search(r"1 +tt0 +43", shown)
    assert re.search(r"2 rows in [\d.]+ s; [\d.]+ kB scanned, 0.000050 USD on Athena\.", shown)
    prompt.until("lake>")

    # SQL goes on until its semicolon.
    prompt.type("SELECT count(*) AS n\r")
    prompt.until("->")
    prompt.type("FROM likes;\r")
    assert re.search(r"n\s+─+\s+300", prompt.until("1 row in "))
    prompt.until("lake>")

    # An error is told, and it goes on.
    prompt.type("SELECT nope FROM likes;\r")
    prompt.until('There is no column "nope"')
    prompt.until("lake>")

    # Ctrl-C drops a line that was begun.
    prompt.type("SELECT nonsense")
    prompt.until("nonsense")
    prompt.type("\x03")
    prompt.until("lake>")

    # Tab completes the only thing there can be.
    prompt.type("top_movies_b\t")
    prompt.until("top_movies_by_period")
    prompt.type("\x03")
    prompt.until("lake>")

    # Up brings back what was asked before; \q leaves.
    prompt.type("\x1b[A\x1b[A\r")
    prompt.until("1 row in ")
    prompt.until("lake>")
    prompt.type("\\q\r")
    assert prompt.ended() == 0
    history = (tmp_path / "home" / "sql_history").read_text()
    assert f"+{QUESTION}\n" in history and "+SELECT count(*) AS n\n+FROM likes;\n" in history


def test_ctrl_c_cancels_the_question_that_runs(terminal):
    prompt = terminal()
    prompt.type(f"{LONG}\r")
    prompt.until("Asking.")
    prompt.type("\x03")
    prompt.until("Cancelled.")
    prompt.until("lake>")
    prompt.type("SELECT 1 AS one;\r")
    prompt.until("1 row in ")


def test_ctrl_d_leaves(terminal):
    prompt = terminal()
    prompt.type("\x04")
    assert prompt.ended() == 0


def test_the_most_bytes_hold_for_each_question(terminal):
    prompt = terminal("--max-bytes", "1kB")
    prompt.type("SELECT * FROM likes;\r")
    prompt.until("more than the 1.0 kB that are allowed")
    prompt.until("lake>")
    prompt.type("SELECT 1 AS one;\r")
    prompt.until("1 row in ")


# --- what it does with what was typed ---


BATCH = pa.record_batch({"n": list(range(250))})


@pytest.fixture
def source():
    """Where BATCH is the answer to everything but `broken`."""

    def ask(question, given):
        if question == "broken":
            raise queries.QueryError("It is broken.")
        if question == "slow":
            raise KeyboardInterrupt
        batch = BATCH.slice(0, int(given.get("n", 250)))
        return nullcontext(Answer(batch.schema, iter([batch])))

    known = {name: tables.read(name) for name in tables.names()}
    return Source(
        "local", ask, lambda answer: "for nothing", known, queries.library(), queries.split
    )


@pytest.fixture
def do(source):
    """Do what is typed; gives what is shown."""

    def typed(text, form="table"):
        out = io.StringIO()
        assert command.answer(source, text, Display(form), out)
        return out.getvalue()

    return typed


def test_rows_that_are_too_many_are_left_out_and_counted(do):
    shown = do("SELECT n;")
    assert shown.count("\n") == ROWS + 5
    assert re.search(r"\(100 of 250 rows shown\)\n250 rows in \d\.\d\d s; for nothing\.", shown)
    assert re.search(r"100 rows in \d\.\d\d s; for nothing", do("likes_by_day n=100"))


def test_rows_come_in_the_format_asked_for(do):
    assert do("x n=2;", "csv").startswith('"n"\n0\n1\n2 rows in ')


def test_each_row_is_a_list_of_its_columns_where_that_is_asked_for(source):
    display = Display("table")
    shown = []
    for text in ("\\x", "x n=2;", "\\x", "x n=2;"):
        out = io.StringIO()
        assert command.answer(source, text, display, out)
        shown.append(out.getvalue())
    assert shown[0] == "Each row is a list of its columns.\n"
    assert shown[1].startswith("─── row 1\nn  0\n─── row 2\nn  1\n2 rows in ")
    assert shown[2] == "Each row is a line.\n" and shown[3].startswith("n\n─\n0\n1\n")


def test_several_statements_are_asked_one_after_another(do):
    assert do("x n=1; y n=2").count(" in 0.00 s") == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("broken;", "It is broken.\n"),
        ("x 5;", "'5' is not NAME=VALUE.\n"),
        ("slow;", "Cancelled.\n"),
        ("\\y", "There is no command \\y; \\h tells what there is.\n"),
        (
            "\\d nope",
            'There is no table "nope". There are: audit, likes, likes_by_hour, likes_raw, '
            "movies, rejected, repeats, trends.\n",
        ),
        ("", ""),
    ],
)
def test_what_goes_wrong_is_a_sentence(do, text, says):
    assert do(text) == says


def test_tables_and_their_columns_are_listed(do):
    assert all(name in do("\\d") for name in tables.names())
    shown = do("\\d LIKES;")
    assert re.search(r"liked_at +timestamp +Event time", shown)
    assert re.search(r"day +string, partition +Day of the event", shown)


def test_questions_and_help_are_listed(do):
    listed = do("\\l")
    assert all(f"{question.name}\n" in listed for question in queries.library())
    assert all(name in do("\\h") for name in ("\\d", "\\l", "\\q", "Ctrl-C"))


@pytest.mark.parametrize("text", ["\\q", " \\q; ", "\\q ;"])
def test_leaving(source, text):
    assert not command.answer(source, text, Display("table"), io.StringIO())

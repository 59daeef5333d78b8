"""`lake sql` on a terminal: asks, shows, and goes on, until it is left."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import PygmentsLexer
from pygments.lexers.sql import SqlLexer

from glue.tables import Table
from infra.cli import options
from infra.cli.output import tables
from infra.cli.output.display import Display
from infra.cli.prompt import questions, statements
from infra.cli.prompt.completion import Vocabulary
from infra.cli.prompt.questions import Question

HELP = r"""SELECT ... ;                  ask in Athena's SQL; it may take several lines
top_movies n=5                ask a question that comes with the lake, with its parameters
\l                            list these questions
\x                            show each row as a list of its columns, or as a line again
\d    \d likes                list the tables, or the columns of one
\h    \q                      this help; leave, as Ctrl-D does
Tab completes, the arrows bring back what was asked before, and Ctrl-C cancels: the line, or the
question that is running."""


class Answer(tables.Answer, Protocol):
    """Rows, and what is known of them."""

    @property
    def told(self) -> Mapping[str, object]: ...


@dataclass(frozen=True, slots=True)
class Source:
    """Where questions are asked: `ask` answers one, given as text with its parameters, and `cost`
    tells what an answer cost; `split` tells statements apart."""

    stage: str
    ask: Callable[[str, Mapping[str, str]], AbstractContextManager[Answer]]
    cost: Callable[[Answer], str]
    tables: Mapping[str, Table]
    questions: Sequence[Question]
    split: statements.Split


def run(source: Source, history: Path, display: Display, out: TextIO) -> None:
    """Prompt until `\\q` or Ctrl-D; what was typed is kept in the file `history`."""
    history.parent.mkdir(parents=True, exist_ok=True)
    vocabulary = Vocabulary(source.tables, source.questions, source.split)
    session: PromptSession[str] = PromptSession(
        history=FileHistory(str(history)),
        completer=_Completer(vocabulary),
        complete_while_typing=False,
        key_bindings=_keys(source),
        lexer=PygmentsLexer(SqlLexer),
        multiline=True,
        prompt_continuation=lambda width, *_: "->".rjust(width - 1) + " ",
    )
    out.write(f"Questions to the stage {source.stage}: \\h helps, \\q leaves.\n")
    while True:
        try:
            text = session.prompt("lake> ")
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        if not answer(source, text, display, out):
            return


def answer(source: Source, text: str, display: Display, out: TextIO) -> bool:
    """Do what was typed; False if that was to leave. What goes wrong is told in a sentence."""
    if text.strip().rstrip(";").rstrip() == "\\q":
        return False
    try:
        if text.lstrip().startswith("\\"):
            _command(source, text.strip().rstrip(";").split(), display, out)
        else:
            for statement in statements.script(text, source.split):
                show(source, statement, display, out)
    except KeyboardInterrupt:
        out.write("Cancelled.\n")
    except Exception as error:
        out.write(f"{options.sentence(error)}\n")
    return True


def show(source: Source, statement: str, display: Display, out: TextIO) -> None:
    """Ask, and show the rows, how many there are, and what they cost."""
    asked = statements.read(statement)
    started = time.perf_counter()
    with source.ask(asked.question, asked.parameters) as answer:
        rows = display.write(answer, out)
    told = f"{tables.counted(rows, 'row')} in {time.perf_counter() - started:.2f} s"
    out.write(f"{told}; {source.cost(answer)}.\n\n")


def _command(source: Source, words: list[str], display: Display, out: TextIO) -> None:
    match words:
        case ["\\x"]:
            display.expanded = not display.expanded
            out.write(f"Each row is {'a list of its columns' if display.expanded else 'a line'}.\n")
        case ["\\h"]:
            out.write(HELP + "\n")
        case ["\\l"]:
            width = min(shutil.get_terminal_size().columns, 100)
            out.writelines(f"{line}\n" for line in questions.listed(source.questions, width))
        case ["\\d"]:
            rows = [(table.name, table.description) for table in source.tables.values()]
            tables.write(("table", "what it holds"), rows, "table", out)
        case ["\\d", name] if name.lower() in source.tables:
            tables.write(
                ("column", "type", "comment"),
                _columns(source.tables[name.lower()]),
                "table",
                out,
            )
        case ["\\d", name]:
            there = ", ".join(sorted(source.tables))
            out.write(f'There is no table "{name}". There are: {there}.\n')
        case _:
            out.write(f"There is no command {words[0]}; \\h tells what there is.\n")


def _columns(table: Table) -> list[tuple[str, str, str]]:
    return [(column.name, column.type, column.comment) for column in table.columns] + [
        (part.name, f"{part.type}, partition", part.comment) for part in table.partitions
    ]


class _Completer(Completer):
    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        for each in self._vocabulary.candidates(document.text_before_cursor):
            yield Completion(each.text, -each.length, display_meta=each.meaning)


def _keys(source: Source) -> KeyBindings:
    """Enter takes the completion that is chosen, ends what is finished, or begins a line."""
    names = {question.name for question in source.questions}
    keys = KeyBindings()

    @keys.add("enter")
    def _enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state and buffer.complete_state.current_completion:
            buffer.complete_state = None
        elif statements.finished(buffer.text, names, source.split):
            buffer.validate_and_handle()
        else:
            buffer.newline(copy_margin=False)

    return keys

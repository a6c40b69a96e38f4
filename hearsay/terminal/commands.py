"""The table of all commands, and how each is called: as a subcommand of ``hearsay`` or of the program it belongs to.

This table has only names: a package is imported when one of its commands runs, and defines its options and examples.
"""

import os
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

HEARSAY: Final = "hearsay"


def to_type(words: str) -> str:
    """A command as messages show it: with ``./run.sh``, which sets HEARSAY_CALLED, or with ``hearsay``."""
    return f"{os.environ.get('HEARSAY_CALLED') or HEARSAY} {words}"


def in_checkout(words: str) -> str:
    """The same, in brackets, for a command that only ``./run.sh`` has; empty if ``./run.sh`` was not used."""
    called = os.environ.get("HEARSAY_CALLED")
    return f" ({called} {words})" if called else ""


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand of ``hearsay``: ``module`` has its ``main``, where it is ``word``; it needs ``extra``."""

    name: str
    group: str
    module: str
    extra: str
    word: str
    summary: str

    @property
    def package(self) -> str:
        """The name of its program, as messages show it."""
        package = self.module.partition(".")[0]
        return self.module.removesuffix(".command_line") if package == HEARSAY else package


def _asr(name: str, summary: str, group: str = "transcribe") -> Command:
    return Command(name, group, "asr.cli", "asr", name, summary)


def _indexer(name: str, group: str, summary: str, word: str = "") -> Command:
    return Command(name, group, "indexer.cli.command_line", "indexer", word or name, summary)


COMMANDS: Final = (
    Command("demo", "start", "hearsay.cli.demo", "asr,page", "", "try everything on sample clips"),
    Command("doctor", "start", "hearsay.doctor.command_line", "", "", "check this installation"),
    Command("completion", "start", "hearsay.cli.completion", "", "", "complete commands with the Tab key"),
    _asr("decode", "transcribe and tag a folder or bucket of clips"),
    _asr("score", "word error rate of transcripts"),
    _asr("repair", "move unreadable lines of a log to another file"),
    _asr("models", "weights of speech models: list, fetch, remove"),
    _asr("api", "serve transcription and emotion over HTTP"),
    _indexer("load", "index", "load records as a new version of the index"),
    _indexer("put", "index", "add or replace clips in the index"),
    _indexer("delete", "index", "delete clips from the index and from later loads"),
    _indexer("reload", "index", "load the files of the index again as a new version"),
    _indexer("rollback", "index", "restore the previous version of the index"),
    _indexer("count", "index", "count the passages that match"),
    _indexer("search", "search", "search in the terminal"),
    _indexer("export", "search", "write search results to files, as a collection"),
    Command("page", "search", "search_ui.cli", "page", "", "serve the search page"),
    _indexer("evaluate-search", "measure", "measure how well search finds spoken words", "score"),
    _indexer("learn", "measure", "learn which words are misrecognised as which"),
    _indexer("learn-spelling", "measure", "learn the pronunciation of letters"),
    _indexer("learn-bigrams", "measure", "learn which words follow each other"),
    _asr("train-whisper", "train a Whisper model on your audio", "measure"),
)
"""In the order in which ``hearsay --help`` shows them."""

BY_NAME: Final = {command.name: command for command in COMMANDS}


def add_column_option(command: ArgumentParser) -> None:
    """Add the option ``--column A=B``, which renames columns of a table, as pairs in ``column``."""
    command.add_argument(
        "--column",
        metavar="A=B",
        type=named_column,
        action="append",
        default=[],
        help="read the column A of the table as B, for example sentence=text; can be repeated",
    )


def named_column(text: str) -> tuple[str, str]:
    """``A=B`` on a command line: the name of a column, and the name as which it is read."""
    name, equals, other = text.rpartition("=")
    if not (equals and name.strip() and other.strip()):
        raise ArgumentTypeError(f"must be written as COLUMN=NAME, such as sentence=text, not {text}")
    return name.strip(), other.strip()


@dataclass(frozen=True, slots=True)
class Program:
    """The command line of a package, as ``hearsay`` calls it or as ``python -m PACKAGE``.

    ``open_scorer`` opens the speech model that checks possible matches, which packages of the index do not import; None
    without ``hearsay``.
    """

    package: str
    is_hearsay: bool = False
    open_scorer: Callable[[], Any] | None = None

    def call(self, word: str = "") -> str:
        """The command line prefix with which one of its commands was called."""
        if self.is_hearsay:
            here = (command for command in COMMANDS if command.package == self.package)
            return f"{HEARSAY} {next((command.name for command in here if command.word == word), word)}"
        return f"python -m {self.package} {word}".rstrip()

    def name(self, word: str = "") -> str:
        """The command as messages show it."""
        return self.call(word).removeprefix("python -m ")

    def rename(self, top: ArgumentParser, commands: Mapping[str, ArgumentParser]) -> None:
        """Show these commands in usage and examples as they were called."""
        if self.is_hearsay:
            top.prog = HEARSAY
        for word, command in commands.items():
            call = self.call(word)
            command.epilog = (command.epilog or "").replace(Program(self.package).call(word), call)
            command.prog = call

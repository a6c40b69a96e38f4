"""The command line: ``python -m indexer load | put | delete | rollback | count | search | score | learn``."""

import logging
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from hearsay.config import read_settings
from hearsay.errors import BadRow, BadSettings, BadTable
from hearsay.terminal.commands import Program
from hearsay.terminal.process import exit_status_of
from hearsay.version import VERSION
from indexer.cli import commands, searching
from indexer.cli import evaluating as scoring
from indexer.cli import learning as learning_commands
from indexer.errors import WrongRequest
from indexer.index import SearchWriter
from indexer.open import named_as_typed, open_writer
from indexer.query.builder import DEFAULT_MODE, MODES
from indexer.schema import FACETS, SORTS, facet_name
from indexer.settings import IndexSettings

Command = Callable[[SearchWriter, Namespace, IndexSettings], int]

WRONG: Final = (WrongRequest, BadSettings, BadTable, BadRow)
"""Errors in what was typed or in the files that were named; others are the index's."""

_LEFT_OUT: Final = re.compile(r"-[^-].")
_PROTECTED: Final = "\N{WORD JOINER}"


THIS: Final = Program("indexer")


def parser(program: Program = THIS) -> ArgumentParser:
    """Every word of the command line."""
    top = ArgumentParser(
        prog="python -m indexer", description="Keeps clips in an index, and finds them by their words."
    )
    top.add_argument("--version", action="version", version=f"hearsay {VERSION}")
    added = top.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Command, summary: str, example: str) -> ArgumentParser:
        how: dict[str, Any] = {"formatter_class": RawDescriptionHelpFormatter}
        command = added.add_parser(
            name, help=summary, description=f"{summary}.", epilog=f"example:\n  python -m indexer {example}", **how
        )
        command.add_argument("--index", metavar="URL", help="a folder, or http(s)://host:9200 (default: INDEX_URL)")
        command.set_defaults(run=run)
        return command

    _add_changes(add)
    counting = add("count", commands.count, "Count the passages that match", "count chocolate cake")
    counting.add_argument("words", nargs="*", metavar="WORDS", help="what was said (default: count everything)")
    _add_mode(counting)
    _add_search(
        add("search", searching.search, "Find passages by what was said", "search the boy --age twenties,forties")
    )
    _add_learning(add)
    _add_score(
        add(
            "score",
            scoring.score,
            "Ask for what was said, and tell how well search finds it",
            "score clips.csv transcripts.csv --mode baseline --mode exact",
        )
    )
    program.rename(top, added.choices)
    return top


def _add_changes(add: Callable[[str, Command, str, str], ArgumentParser]) -> None:
    files: dict[str, Any] = {"nargs": "+", "type": Path, "metavar": "FILE", "help": "clip rows, .csv or .jsonl"}
    loading = add(
        "load",
        commands.load,
        "Load files as a new version of the index, which is swapped in when it is whole; files are merged by clip and "
        "column, and a later file's cells win",
        "load clips.csv transcripts.csv --audio recordings/",
    )
    loading.add_argument("files", **files)
    loading.add_argument("--no-inbox", action="store_true", help="without the clips that were added on the page")
    loading.add_argument(
        "--audio", metavar="PLACE", help="folder or s3://BUCKET/PREFIX of the clips' audio, for the page to play"
    )
    putting = add("put", commands.put, "Add or replace clips in the index that is there", "put today.jsonl")
    putting.add_argument("files", **(files | {"nargs": "*"}))
    putting.add_argument(
        "--watch", action="store_true", help="go on with what is appended to one journal (default: the inbox's)"
    )
    deleting = add(
        "delete", commands.delete, "Take clips out of the index, for later loads too", "delete interviews/0012.mp3"
    )
    deleting.add_argument("clips", nargs="+", metavar="ID", help="the clip's id, as its filename column has it")
    reloading = add(
        "reload",
        commands.reload,
        "Load the files that the index was loaded from again, beside it, and swap that in: where an earlier version of "
        "Hearsay made the index",
        "reload",
    )
    reloading.add_argument(
        "--changed", action="store_true", help="the files as they are now, where some have changed or are gone"
    )
    reloading.add_argument(
        "--drop", action="store_true", help="without clips that no file has and that cannot be read out of the index"
    )
    add("rollback", commands.rollback, "Go back to the version before the last load, and drop that", "rollback")


def _add_learning(add: Callable[[str, Command, str, str], ArgumentParser]) -> None:
    source: dict[str, Any] = {"metavar": "WORDS", "help": "what to say that was learned from (default: file names)"}
    learning = add(
        "learn",
        learning_commands.learn,
        "Learn from clips with both text and generated_text how words are misheard; searches use it from then on",
        "learn clips.csv transcripts.csv",
    )
    learning.add_argument("files", nargs="+", type=Path, metavar="FILE", help="clip rows, .csv or .jsonl")
    learning.add_argument("--out", type=Path, metavar="FILE", help="where the tables go (default: SOUND_TABLES)")
    learning.add_argument("--source", **source)
    spelling = add(
        "learn-spelling",
        learning_commands.learn_spelling,
        "Learn from a pronouncing dictionary what letters sound like",
        "learn-spelling --out indexer/phonetics/english.json.xz",
    )
    spelling.add_argument(
        "dictionary", nargs="?", type=Path, metavar="FILE", help="lines: word W ER D (default: that of PocketSphinx)"
    )
    spelling.add_argument("--out", type=Path, required=True, metavar="FILE", help="where what was learned goes")
    spelling.add_argument("--source", **source)


def _add_mode(command: ArgumentParser) -> None:
    ready = ", ".join(MODES)
    command.add_argument(
        "--mode", choices=MODES, default=DEFAULT_MODE, help=f"how words are found: {ready} (default: {DEFAULT_MODE})"
    )


def _add_search(command: ArgumentParser) -> None:
    command.add_argument("words", nargs="*", metavar="WORDS", help="what was said (default: everything)")
    command.add_argument("--like", metavar="ID", help="in place of words: clips that share telling words with this one")
    command.add_argument("--same", metavar="ID", help="in place of words: clips with the same sentence as this one")
    _add_mode(command)
    for facet in FACETS:
        command.add_argument(
            f"--{facet_name(facet)}",
            action="append",
            metavar="VALUE",
            help="one or more with commas, unknown for clips without",
        )
    command.add_argument("--duration", metavar="SECONDS", help="from and to, as 2-8, 2- or -8")
    command.add_argument("--confidence", metavar="SHARE", help="how sure the recogniser is, as .5-.9, .5- or -.9")
    command.add_argument("--wer", metavar="RATE", help="word errors by reference word, as .1-.3, .1- or -.3")
    command.add_argument(
        "--sort", metavar="NUMBER", help=f"by {', '.join(SORTS)}, or falling as -{SORTS[0]} (default: best match)"
    )
    command.add_argument("--size", type=_from_one, default=10, metavar="N", help="hits on a page (default: 10)")
    command.add_argument("--page", type=_from_one, default=1, metavar="N", help="which page (default: 1)")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.add_argument(
        "--queries",
        type=Path,
        metavar="FILE",
        help='many searches: lines {"id", "query"} in, {"id", "total", "hits"} out',
    )


def _add_score(command: ArgumentParser) -> None:
    number: dict[str, Any] = {"type": _from_one, "metavar": "N"}
    command.add_argument(
        "files", nargs="+", type=Path, metavar="CSV", help="clip rows with text and generated_text, merged as by load"
    )
    command.add_argument("--mode", action="append", choices=MODES, help="one or more (default: all that answer)")
    command.add_argument("--cross-fit", action="store_true", help="ask only for sentences that nothing was learned on")
    command.add_argument("--seeds", default=5, **number, help="how often queries are drawn (default: 5)")
    command.add_argument("--per-kind", default=800, **number, help="queries of a kind, a seed (default: 800)")
    command.add_argument(
        "--by", default="", metavar="FACETS", help=f"by value too, of {', '.join(FACETS)}; with commas"
    )
    command.add_argument("--distractors", default=0, **number, help="made-up clips beside the real ones")
    command.add_argument("--distractors-as-heard", action="store_true", help="without made-up words in them")
    command.add_argument("--json", action="store_true", help="print one JSON object")


def _from_one(text: str) -> int:
    if not text.isdecimal() or not 1 <= (number := int(text)) <= 1_000_000_000:
        raise ArgumentTypeError(f"a whole number from 1 on, not {text}")
    return number


def _parsed(arguments: Sequence[str], program: Program) -> Namespace:
    """The arguments, in which ``-dog`` is a word that must not be there: no option has one dash and several letters."""
    protected = [f"{_PROTECTED}{text}" if _LEFT_OUT.match(text) else text for text in arguments]
    asked = parser(program).parse_args(protected)
    for name, value in vars(asked).items():
        if isinstance(value, str):
            setattr(asked, name, value.removeprefix(_PROTECTED))
        elif isinstance(value, list):
            setattr(asked, name, [one.removeprefix(_PROTECTED) if isinstance(one, str) else one for one in value])
    return asked


def main(arguments: Sequence[str] | None = None, program: Program = THIS) -> int:
    """Run one command; errors become one sentence on standard error and the exit status 1, wrong use 2."""
    asked = Namespace(index=None)

    def run() -> int:
        vars(asked).update(vars(_parsed(sys.argv[1:] if arguments is None else arguments, program)))
        logging.getLogger("elastic_transport").setLevel(logging.CRITICAL)  # what went wrong is said once, by us
        settings = read_settings(IndexSettings)
        index = open_writer(settings, asked.index)
        try:
            command: Command = asked.run
            return command(index, asked, settings)
        finally:
            index.close()

    return exit_status_of(run, lambda problem: named_as_typed(problem, asked.index), WRONG)


if __name__ == "__main__":
    sys.exit(main())

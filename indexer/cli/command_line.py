"""The command line: ``python -m indexer load | put | delete | rollback | count | search | score | learn``."""

import logging
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from hearsay.config import read_settings
from hearsay.errors import BadRow, BadSettings, BadTable, HearsayError
from hearsay.terminal.commands import Program, add_column_option
from hearsay.terminal.process import exit_status_of
from hearsay.version import VERSION
from indexer.cli import commands, exporting, searching
from indexer.cli import evaluating as scoring
from indexer.cli import learning as learning_commands
from indexer.errors import IndexMissing, WrongRequest
from indexer.export.collection import FORMATS
from indexer.index import SearchWriter
from indexer.matching.verification import MOST_CHECKED
from indexer.open import named_as_typed, open_writer
from indexer.query.builder import DEFAULT_MODE, MODES
from indexer.schema import FACETS, SORTS, facet_name
from indexer.settings import IndexSettings

CommandFunction = Callable[[SearchWriter, Namespace, IndexSettings], int]

WRONG: Final = (WrongRequest, IndexMissing, BadSettings, BadTable, BadRow)
"""Errors in what was typed or in the named files and indexes; other errors concern the state of the index."""

_LEFT_OUT: Final = re.compile(r"-(?!-|h\Z).")
_PROTECTED: Final = "\N{WORD JOINER}"


THIS: Final = Program("indexer")


def parser(program: Program = THIS) -> ArgumentParser:
    """The parser of all commands."""
    top = ArgumentParser(prog="python -m indexer", description="Index clips and search their transcripts.")
    top.add_argument("--version", action="version", version=f"hearsay {VERSION}")
    added = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: CommandFunction, summary: str, example: str) -> ArgumentParser:
        how: dict[str, Any] = {"formatter_class": RawDescriptionHelpFormatter}
        command = added.add_parser(
            name, help=summary, description=f"{summary}.", epilog=f"example:\n  python -m indexer {example}", **how
        )
        command.add_argument("--index", metavar="URL", help="a folder or http(s)://host:9200 (default: INDEX_URL)")
        command.set_defaults(run=run)
        return command

    _add_changes(add)
    counting = add("count", commands.count, "Count the matching passages", "count chocolate cake")
    counting.add_argument("words", nargs="*", metavar="WORDS", help="the query (default: count all passages)")
    _add_mode(counting)
    _add_search(add("search", searching.search, "Search transcripts", "search the boy --age twenties,forties"))
    _add_export(
        add(
            "export",
            exporting.export,
            "Write the clips that a search finds, with all their columns, as a collection",
            "export lighthouse --accent us --format nemo --out lighthouses --audio",
        )
    )
    _add_learning(add)
    _add_score(
        add(
            "score",
            scoring.score,
            "Measure how well search finds clips by what was said in them",
            "score clips.csv transcripts.csv --mode baseline --mode exact",
        )
    )
    program.rename(top, added.choices)
    return top


def _add_changes(add: Callable[[str, CommandFunction, str, str], ArgumentParser]) -> None:
    what = "clip records or a corpus's table: .csv, .tsv, .jsonl, a NeMo manifest or .parquet"
    files: dict[str, Any] = {"nargs": "+", "type": Path, "metavar": "FILE", "help": what}
    loading = add(
        "load",
        commands.load,
        "Load files as a new version of the index, swapped in when complete; files are merged by clip and column, "
        "and later files take precedence",
        "load clips.csv transcripts.csv --audio recordings/",
    )
    loading.add_argument("files", **files)
    _add_reading(loading)
    loading.add_argument("--no-inbox", action="store_true", help="leave out the clips that were added on the page")
    loading.add_argument(
        "--audio", metavar="PLACE", help="folder or s3://BUCKET/PREFIX of the clips' audio, for playback on the page"
    )
    putting = add("put", commands.put, "Add or replace clips in the existing index", "put today.jsonl")
    putting.add_argument("files", **(files | {"nargs": "*"}))
    _add_reading(putting)
    putting.add_argument("--watch", action="store_true", help="follow one log as it grows (default: the inbox's log)")
    deleting = add(
        "delete", commands.delete, "Delete clips from the index and from later loads", "delete interviews/0012.mp3"
    )
    deleting.add_argument("clips", nargs="+", metavar="ID", help="the clip's id, as in the column filename")
    reloading = add(
        "reload",
        commands.reload,
        "Load the files that the index was loaded from again, as a new version, for example after an upgrade of "
        "Hearsay",
        "reload",
    )
    reloading.add_argument(
        "--changed",
        action="store_true",
        help="load the files as they are now, even if some have changed or are gone",
    )
    reloading.add_argument(
        "--drop", action="store_true", help="leave out clips that are in no file and cannot be read from the index"
    )
    add("rollback", commands.rollback, "Restore the previous version, and remove the current one", "rollback")


def _add_reading(command: ArgumentParser) -> None:
    command.add_argument("--dataset", metavar="NAME", help="dataset of a corpus's table, if no folder name states it")
    add_column_option(command)


def _add_learning(add: Callable[[str, CommandFunction, str, str], ArgumentParser]) -> None:
    source: dict[str, Any] = {"metavar": "WORDS", "help": "description of the training data (default: file names)"}
    learning = add(
        "learn",
        learning_commands.learn,
        "Learn from clips with text and generated_text how words are misrecognised; later searches use the result",
        "learn clips.csv transcripts.csv",
    )
    learning.add_argument("files", nargs="+", type=Path, metavar="FILE", help="clip records, .csv or .jsonl")
    learning.add_argument(
        "--out", type=Path, metavar="FILE", help="where to write the tables (default: PHONETIC_TABLES)"
    )
    learning.add_argument("--source", **source)
    spelling = add(
        "learn-spelling",
        learning_commands.learn_spelling,
        "Learn how letters are pronounced, from a pronouncing dictionary",
        "learn-spelling --out indexer/phonetics/english.json.xz",
    )
    spelling.add_argument(
        "dictionary", nargs="?", type=Path, metavar="FILE", help="lines such as: word W ER D (default: PocketSphinx's)"
    )
    spelling.add_argument("--out", type=Path, required=True, metavar="FILE", help="where to write the model")
    spelling.add_argument("--source", **source)
    bigrams = add(
        "learn-bigrams",
        learning_commands.learn_bigrams,
        "Learn the bigram model of English from a language model in ARPA format",
        "learn-bigrams en-us.arpa --out indexer/phonetics/english-bigrams.npz.xz",
    )
    bigrams.add_argument("language_model", type=Path, metavar="FILE", help="a language model in ARPA format")
    bigrams.add_argument("--out", type=Path, required=True, metavar="FILE", help="where to write the model")
    bigrams.add_argument("--source", **source)


def _add_mode(command: ArgumentParser) -> None:
    ready = ", ".join(MODES)
    command.add_argument(
        "--mode", choices=MODES, default=DEFAULT_MODE, help=f"how words match: {ready} (default: {DEFAULT_MODE})"
    )


def _add_search(command: ArgumentParser) -> None:
    command.add_argument("words", nargs="*", metavar="WORDS", help="the query (default: everything)")
    command.add_argument(
        "--like", metavar="ID", help="instead of words: find clips that share significant words with this clip"
    )
    command.add_argument(
        "--same", metavar="ID", help="instead of words: find clips with the same sentence as this clip"
    )
    _add_mode(command)
    _add_filters(command)
    command.add_argument("--size", type=_from_one, default=10, metavar="N", help="hits per page (default: 10)")
    command.add_argument("--page", type=_from_one, default=1, metavar="N", help="page number (default: 1)")
    command.add_argument(
        "--possible",
        type=_probability,
        metavar="N",
        help="least probability of the possible matches that are shown: 0 shows all, 1 none (default: as calibrated)",
    )
    command.add_argument(
        "--verify",
        action="store_true",
        help=f"then check the {MOST_CHECKED} most probable possible matches against their audio with a speech model",
    )
    command.add_argument("--json", action="store_true", help="print one JSON object; with --verify a second one")
    command.add_argument(
        "--queries",
        type=Path,
        metavar="FILE",
        help='many searches at once: lines {"id", "query"} in, lines with the ids of matches and possible matches out',
    )


def _add_filters(command: ArgumentParser) -> None:
    for facet in FACETS:
        command.add_argument(
            f"--{facet_name(facet)}",
            action="append",
            metavar="VALUE",
            help="one or more values separated by commas; unknown for clips without one",
        )
    command.add_argument("--duration", metavar="SECONDS", help="a range such as 2-8, 2- or -8")
    command.add_argument("--confidence", metavar="RANGE", help="of the speech model, such as 0.5-0.9, 0.5- or -0.9")
    command.add_argument("--wer", metavar="RANGE", help="word error rate, such as 0.1-0.3, 0.1- or -0.3")
    command.add_argument("--agreement", metavar="RANGE", help="agreement of the second transcript, such as -0.5")
    command.add_argument(
        "--sort", metavar="FIELD", help=f"{', '.join(SORTS)}; descending as -{SORTS[0]} (default: by relevance)"
    )


def _add_export(command: ArgumentParser) -> None:
    command.add_argument("words", nargs="*", metavar="WORDS", help="the query (default: everything)")
    _add_mode(command)
    _add_filters(command)
    command.add_argument("--format", choices=FORMATS, default="csv", help="format of the records (default: csv)")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the files")
    command.add_argument("--audio", action="store_true", help="also copy the audio of the clips into DIR/audio")


def _add_score(command: ArgumentParser) -> None:
    number: dict[str, Any] = {"type": _from_one, "metavar": "N"}
    command.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="records with text and generated_text, merged as by load",
    )
    command.add_argument("--mode", action="append", choices=MODES, help="one or more (default: all)")
    command.add_argument("--cross-fit", action="store_true", help="evaluate with tables learned on other sentences")
    command.add_argument("--seeds", default=5, **number, help="number of random samples of queries (default: 5)")
    command.add_argument("--per-kind", default=800, **number, help="queries of each kind per seed (default: 800)")
    command.add_argument(
        "--by", default="", metavar="FACETS", help=f"also report by value of {', '.join(FACETS)}; separated by commas"
    )
    command.add_argument("--distractors", default=0, **number, help="number of generated clips to add (default: 0)")
    command.add_argument(
        "--distractors-verbatim",
        "--distractors-as-heard",
        action="store_true",
        help="generate them without new rare words",
    )
    command.add_argument(
        "--picture",
        type=Path,
        metavar="FILE",
        help="draw precision, recall and calibration of possible matches in the first mode that has any (.svg, .png)",
    )
    command.add_argument("--json", action="store_true", help="print one JSON object")


def _from_one(text: str) -> int:
    if not text.isdecimal() or not 1 <= (number := int(text)) <= 1_000_000_000:
        raise ArgumentTypeError(f"must be a whole number of at least 1, not {text}")
    return number


def _probability(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise ArgumentTypeError(f"must be a number from 0 to 1, not {text}")
    return number


def _parsed(arguments: Sequence[str], program: Program) -> Namespace:
    """The parsed arguments. ``-dog`` excludes a word: ``-h`` is the only option with a single dash."""
    protected = [f"{_PROTECTED}{text}" if _LEFT_OUT.match(text) else text for text in arguments]
    parsed = parser(program).parse_args(protected)
    for name, value in vars(parsed).items():
        if isinstance(value, str):
            setattr(parsed, name, value.removeprefix(_PROTECTED))
        elif isinstance(value, list):
            setattr(parsed, name, [one.removeprefix(_PROTECTED) if isinstance(one, str) else one for one in value])
    return parsed


def main(arguments: Sequence[str] | None = None, program: Program = THIS) -> int:
    """Run one command; errors are one sentence on standard error and exit status 1, wrong use 2."""
    parsed = Namespace(command="", index=None, open_scorer=program.open_scorer)

    def run() -> int:
        vars(parsed).update(vars(_parsed(sys.argv[1:] if arguments is None else arguments, program)))
        logging.getLogger("elastic_transport").setLevel(logging.CRITICAL)  # our own message reports the error, once
        settings = read_settings(IndexSettings)
        index = open_writer(settings, parsed.index)
        try:
            command: CommandFunction = parsed.run
            return command(index, parsed, settings)
        finally:
            index.close()

    def in_words(problem: HearsayError) -> str:
        return f"{program.name(parsed.command)}: {named_as_typed(problem, parsed.index)}"

    return exit_status_of(run, in_words, WRONG)


if __name__ == "__main__":
    sys.exit(main())

"""The command line of speech and emotion: ``python -m asr decode | score | repair | models | train-whisper | api``."""

import argparse
import json
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from asr.errors import AsrError, BadSource
from asr.logs import start_log
from asr.models.command_line import add_models
from asr.pipeline.assembly import open_listing, open_listings, open_pipeline_for_log
from asr.pipeline.batch import Summary, decode
from asr.pipeline.hotwords import check_hotwords, read_hotwords
from asr.pipeline.model_change import ModelChange
from asr.pipeline.progress import DecodingProgress
from asr.pipeline.report import show_score, show_summary
from asr.settings import AsrSettings
from asr.sources.listing import Listing, remarks_of
from asr.training.command_line import add_train_whisper
from hearsay.config import read_settings
from hearsay.corpora.layouts import NAMES
from hearsay.records.clip import ClipRow
from hearsay.records.journal import read_journal
from hearsay.records.repair import repair
from hearsay.records.schema import COLUMNS
from hearsay.records.score import scores
from hearsay.records.table import read_csv
from hearsay.terminal.commands import Program, add_column_option
from hearsay.terminal.console import console_of
from hearsay.terminal.process import ALL_WELL, INTERRUPTED, SOME_FAILED, exit_status_of
from hearsay.text.cer import METRICS
from hearsay.text.scoring import NORMALIZERS
from hearsay.version import VERSION

DECODE_EXAMPLES = """\
examples:
  python -m asr decode cv-valid-dev --csv cv-valid-dev.csv --out var/cv-valid-dev
  python -m asr decode s3://corpora/cv-valid-dev --out var/cv-valid-dev
  python -m asr decode cv-valid-dev --out var/cv-valid-dev --via http://gpu-host:8001
  python -m asr decode incoming --out var/incoming --watch
  python -m asr decode cv-valid-dev --out var/cv-valid-dev --second whisper-tiny.en

More in docs/decoding.md."""

THIS: Final = Program("asr")

FEWEST_RESAMPLED: Final = 2
"""Clips, or speakers, from which on ``score`` reports an interval."""


def main(arguments: Sequence[str] | None = None, program: Program = THIS) -> int:
    """Run one command and return its exit status: 0 success, 1 some clips failed, 2 wrong use."""
    options = argparse.Namespace(command="")

    def run() -> int:
        parser(program).parse_args(arguments, options)
        return int(options.run(options))

    return exit_status_of(run, lambda problem: f"{program.name(options.command)}: {problem}")


def parser(program: Program = THIS) -> argparse.ArgumentParser:
    """The command line; each command's ``run`` takes the parsed options and returns the exit status."""
    top = argparse.ArgumentParser(
        prog="python -m asr", description="Transcribe voice clips and recognise the emotion in the voice."
    )
    top.add_argument("--version", action="version", version=f"hearsay {VERSION}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_decode(commands)
    _add_score(commands)
    _add_repair(commands)
    add_models(commands)
    add_train_whisper(commands)
    _add_api(commands)
    program.rename(top, commands.choices)
    return top


def _add_decode(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "decode",
        help="transcribe clips and tag their emotion",
        description="Transcribe every clip of a folder or bucket and tag its emotion. The same command\n"
        "continues an interrupted run, retries failed clips, and processes changed files again.",
        epilog=DECODE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("source", metavar="SOURCE", help="folder with the clips, or s3://BUCKET/PREFIX")
    command.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder for clips.jsonl and clips.csv")
    command.add_argument(
        "--table", "--csv", dest="csv", metavar="FILE", help="table of the corpus; only its rows are processed"
    )
    command.add_argument(
        "--layout",
        metavar="NAME",
        help=f"layout of the corpus, if it is not recognised correctly: {', '.join(NAMES)}",
    )
    add_column_option(command)
    command.add_argument(
        "--headerless",
        metavar="FORM",
        help="read .raw, .pcm, .sln, .ul and .al files, too: ENCODING:RATE[:CHANNELS], such as s16le:16000",
    )
    command.add_argument("--dataset", metavar="NAME", help="name of the dataset (default: the name of the folder)")
    command.add_argument("--allow-missing", action="store_true", help="accept rows of the table without an audio file")
    command.add_argument("--limit", metavar="N", type=_positive, help="process only the first N clips")
    command.add_argument("--via", metavar="URL", help="use the API at this address instead of local models")
    command.add_argument(
        "--hotwords",
        metavar="FILE",
        type=Path,
        help="text file with one word or name per line that is likely to occur (Whisper models only)",
    )
    command.add_argument(
        "--second",
        metavar="MODEL",
        help="add transcripts by a second speech model; the first ones are kept",
    )
    command.add_argument(
        "--model-change",
        choices=("keep", "redo"),
        help="if another speech model wrote the log: keep its transcripts and continue with it, or redo them",
    )
    command.add_argument(
        "--watch", action="store_true", help="keep processing files that arrive in the folder, until Ctrl-C"
    )
    command.add_argument("--dry-run", action="store_true", help="print what would be done, and write nothing")
    command.add_argument(
        "--verify",
        action="store_true",
        help="read all audio to find changed files; by default their size and times decide",
    )
    command.add_argument("--json", action="store_true", help="with --dry-run: print one JSON object")
    command.set_defaults(run=run_decode)


def _add_score(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "score",
        help="word or character error rate of transcripts against references",
        description="Word or character error rate of generated_text against text, over all clips and by group,\n"
        "with 95 % intervals by bootstrap over clips, or over speakers if the table has client_id.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: python -m asr score var/cv-valid-dev/clips.csv --by accent,age,gender",
    )
    command.add_argument("table", metavar="CSV", type=Path, help="clips.csv or clips.jsonl")
    command.add_argument("--by", metavar="COLUMNS", default="", help="columns to group by, separated by commas")
    command.add_argument(
        "--metric",
        choices=METRICS,
        default="auto",
        help="auto: words, and characters in languages without spaces between words and in Korean (default); "
        "wer: words; cer: characters",
    )
    command.add_argument(
        "--normalizer",
        choices=NORMALIZERS,
        default="whisper",
        help="whisper: OpenAI's English normaliser, as in published rates (default); "
        "plain: ignore case, punctuation and apostrophes only",
    )
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(run=run_score)


def _add_repair(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "repair",
        help="move unreadable lines of a log into another file",
        description="Move the lines of a log that cannot be read into a file next to it. Nothing is deleted.",
        epilog="example: python -m asr repair var/cv-valid-dev/clips.jsonl",
    )
    command.add_argument("log", metavar="LOG", type=Path, help="a log of clip records, such as clips.jsonl")
    command.set_defaults(run=run_repair)


def _add_api(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "api",
        help="serve POST /asr and POST /ser",
        description="Serve transcription and emotion over HTTP until Ctrl-C.",
        epilog="example: python -m asr api --port 8001, then: curl -F file=@clip.mp3 http://127.0.0.1:8001/asr",
    )
    command.add_argument("--host", help="address to listen on (default: API_HOST)")
    command.add_argument("--port", type=int, help="port to listen on (default: API_PORT)")
    command.set_defaults(run=run_api)


def listing_options(options: argparse.Namespace) -> dict[str, Any]:
    """The options for `open_listing` from the command line."""
    return {
        "allow_missing": options.allow_missing,
        "limit": options.limit,
        "layout": options.layout,
        "columns": dict(options.column),
        "headerless": options.headerless,
    }


def _positive(word: str) -> int:
    if not word.isdecimal() or (number := int(word)) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not {word}")
    return number


def run_decode(options: argparse.Namespace) -> int:
    """Run ``decode``; returns its exit status."""
    settings = read_settings(AsrSettings)
    if options.dry_run:
        return run_dry(options, settings)
    if options.json:
        raise BadSource("--json needs --dry-run; add it, or omit --json")
    hotwords = read_hotwords(options.hotwords) if options.hotwords else ()
    console = console_of(sys.stderr)
    listings = listings_of(options, settings, partial(console.print, markup=False))
    log_path = start_log(settings.log_dir)
    warn = partial(console.print, "warning:", style="yellow", markup=False)
    change: ModelChange | None = options.model_change
    notify = partial(console.print, markup=False)
    progress = DecodingProgress(console)
    pipeline = open_pipeline_for_log(
        options.out / "clips.jsonl",
        settings,
        options.via,
        change,
        notify,
        warn,
        progress.within,
        hotwords,
        options.second,
    )
    try:
        with progress, ended_like_ctrl_c():
            rules = {"keeps_transcripts": change == "keep", "verifies": options.verify}
            summary = decode(listings, pipeline, options.out, settings.batch_clips, progress, **rules)
    finally:
        pipeline.close()
    show_summary(summary, console_of(sys.stdout))
    if summary.unwritten:
        console.print(summary.unwritten, markup=False)
    files = [*([] if summary.unwritten else [str(options.out / "clips.csv")]), str(options.out / "clips.jsonl")]
    console.print(f"written: {', '.join(files)}; log: {log_path}", markup=False)
    return status_of(summary, console, is_watching=options.watch)


def run_dry(options: argparse.Namespace, settings: AsrSettings) -> int:
    """Print what ``decode`` would do, without doing it."""
    from asr.pipeline.dry_run import plan_of  # needed only for a dry run

    if options.watch:
        raise BadSource("--dry-run and --watch cannot be combined; omit one of them")
    if options.hotwords:
        check_hotwords(read_hotwords(options.hotwords), options.via)
    notify = partial(console_of(sys.stderr).print, markup=False)
    limits = listing_options(options)
    listing = open_listing(options.source, options.csv, options.dataset, settings, **limits)
    log, change = options.out / "clips.jsonl", options.model_change
    plan = plan_of(listing, log, settings, options.via, change, notify, verifies=options.verify, second=options.second)
    if options.json:
        print(json.dumps(plan.to_json(), ensure_ascii=False))
    else:
        for sentence in (*remarks_of(listing), *plan.sentences()):
            print(sentence)
    return ALL_WELL


def listings_of(options: argparse.Namespace, settings: AsrSettings, notify: Callable[[str], None]) -> Iterable[Listing]:
    """The listings that the options ask for; raises `BadSource` for options that exclude each other."""
    tables = options.csv or options.layout or options.column or options.headerless
    if options.watch and (tables or options.limit or options.allow_missing or "://" in options.source):
        raise BadSource(
            "--watch works with a local folder only; omit --table, --layout, --column, --headerless, --limit and "
            "--allow-missing"
        )
    limits = listing_options(options)
    return open_listings(options.source, options.csv, options.dataset, settings, notify, watch=options.watch, **limits)


@contextmanager
def ended_like_ctrl_c() -> Iterator[None]:
    """Inside the block, a termination signal ends the run like Ctrl-C: completed records are written."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def status_of(summary: Summary, console: Console, *, is_watching: bool) -> int:
    """The exit status of a run; prints the reason if it ended early."""
    if summary.stop_reason:
        console.print(f"stopped early: {summary.stop_reason}", markup=False)
        return SOME_FAILED
    if summary.interrupted and is_watching:
        return ALL_WELL
    if summary.interrupted:
        console.print("stopped early; run the same command to continue")
        return INTERRUPTED
    failed = summary.failed or summary.failed_in_part or summary.failed_second
    is_incomplete = failed or summary.rejected or summary.unwritten
    return SOME_FAILED if is_incomplete else ALL_WELL


def run_score(options: argparse.Namespace) -> int:
    """Run ``score``; returns its exit status."""
    rows = list(read_rows(options.table).values())
    by = tuple(name.strip() for name in options.by.split(",") if name.strip())
    known = {column.name for column in COLUMNS} | {name for row in rows for name in row.extra}
    if unknown := [name for name in by if name not in known]:
        raise AsrError(f"--by: there is no column {', '.join(unknown)}; the columns are {', '.join(sorted(known))}")
    found = scores(rows, by, options.normalizer, options.metric, fewest_clips=FEWEST_RESAMPLED)
    if not found[0].errors.whole.texts:
        raise AsrError(
            f"{options.table} has no row with both a reference (text) and a transcript (generated_text); "
            "name the table that decode wrote, or decode the clips first"
        )
    if options.json:
        first, *others = (scored.to_json() for scored in found)
        print(json.dumps(first | ({"other_metric": others[0]} if others else {}), ensure_ascii=False))
    else:
        for scored in found:
            show_score(scored, console_of(sys.stdout))
    return ALL_WELL


def read_rows(path: Path) -> dict[str, ClipRow]:
    """Clip rows by id from a journal (``.jsonl``) or a table (anything else)."""
    return read_journal(path) if path.suffix == ".jsonl" else read_csv(path).rows()


def run_repair(options: argparse.Namespace) -> int:
    """Run ``repair``; returns its exit status."""
    repaired = repair(options.log)
    if repaired.set_aside:
        print(
            f"moved {repaired.set_aside} unreadable of {repaired.kept + repaired.set_aside} lines to "
            f"{repaired.beside}; the next decode transcribes clips without another record again"
        )
    else:
        print(f"nothing to repair: all {repaired.kept} lines of {options.log} can be read")
    return ALL_WELL


def run_api(options: argparse.Namespace) -> int:
    """Run ``api``; returns its exit status."""
    from asr.api.server import serve  # the web server is imported only when it is used

    settings = read_settings(AsrSettings, api_host=options.host, api_port=options.port)
    start_log(settings.log_dir)
    return serve(settings)


if __name__ == "__main__":
    sys.exit(main())

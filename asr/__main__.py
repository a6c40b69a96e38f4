"""The hearing half on the command line: ``python -m asr decode | score | api``."""

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console

from asr.decode import decode, limited
from asr.errors import AsrError
from asr.listener import LocalListener
from asr.logs import start_log
from asr.models import open_tagger, open_transcriber
from asr.progress import Progress
from asr.report import console_of, show_score, show_summary
from asr.scheduler import Scheduler
from asr.score import score
from asr.settings import AsrSettings, read_settings
from asr.sources import open_source
from clips.errors import HearsayError
from clips.journal import read_journal
from clips.row import COLUMNS, ClipRow
from clips.table import read_csv

ALL_WELL, SOME_FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0 all well, 1 some clips failed, 2 wrong use."""
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except HearsayError as problem:
        print(f"asr {options.command}: {problem}", file=sys.stderr)
        return WRONG_USE
    except KeyboardInterrupt:
        return INTERRUPTED


def parser() -> argparse.ArgumentParser:
    """The command line; each command's ``run`` takes the parsed options and returns the exit status."""
    top = argparse.ArgumentParser(prog="python -m asr", description="Hear voice clips: what was said, and how.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_decode(commands)
    _add_score(commands)
    _add_api(commands)
    return top


def _add_decode(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "decode",
        help="transcribe and tag a folder of clips",
        description="Transcribe and tag every clip of a folder. Running it again goes on where it stopped, tries "
        "failures again, and hears anew what changed.",
        epilog="example: python -m asr decode cv-valid-dev --csv cv-valid-dev.csv --out var/cv-valid-dev",
    )
    command.add_argument("source", metavar="SOURCE", help="folder with the clips")
    command.add_argument("--out", metavar="DIR", type=Path, required=True, help="gets clips.jsonl and clips.csv")
    command.add_argument("--csv", metavar="FILE", help="the corpus's table; its rows are the clips")
    command.add_argument("--dataset", metavar="NAME", help="name of the collection (default: the folder's name)")
    command.add_argument("--allow-missing", action="store_true", help="take rows of the table that have no file")
    command.add_argument("--limit", metavar="N", type=_positive, help="only the first N clips")
    command.set_defaults(run=run_decode)


def _add_score(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "score",
        help="word error rate of transcripts against their references",
        description="Word error rate of generated_text against text, over all clips and by slice.",
        epilog="example: python -m asr score var/cv-valid-dev/clips.csv --by accent,age,gender",
    )
    command.add_argument("table", metavar="CSV", type=Path, help="clips.csv, or the journal clips.jsonl")
    command.add_argument("--by", metavar="COLUMNS", default="", help="columns to slice by, with commas between")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(run=run_score)


def _add_api(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "api",
        help="serve POST /asr and POST /ser",
        description="Serve transcription and emotion over HTTP until Ctrl-C.",
        epilog="example: python -m asr api --port 8001, then: curl -F file=@clip.mp3 http://127.0.0.1:8001/asr",
    )
    command.add_argument("--host", help="address to listen on (default: the setting api_host)")
    command.add_argument("--port", type=int, help="port to listen on (default: the setting api_port)")
    command.set_defaults(run=run_api)


def _positive(word: str) -> int:
    if not word.isdecimal() or (number := int(word)) < 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1 on, not {word}")
    return number


def run_decode(options: argparse.Namespace) -> int:
    settings = read_settings()
    source = open_source(options.source, options.csv, options.dataset, allow_missing=options.allow_missing)
    listing = limited(source.list(), options.limit)
    console = console_of(sys.stderr)
    log_path = start_log(settings.log_dir)
    listener = open_listener(settings, console)
    try:
        with Progress(console) as progress:
            summary = decode([listing], listener, options.out, settings.batch_clips, progress)
    finally:
        listener.close()
    show_summary(summary, console_of(sys.stdout))
    for sentence in listing.rejected:
        console.print(f"left out: {sentence}", markup=False)
    if listing.passed_over:
        endings = ", ".join(sorted({path.suffix or path.name for path in listing.passed_over}))
        console.print(f"{len(listing.passed_over)} files passed over, no audio by their endings: {endings}")
    console.print(f"written: {options.out / 'clips.csv'}, {options.out / 'clips.jsonl'}; log: {log_path}", markup=False)
    if summary.interrupted:
        console.print("stopped early; the same command goes on where it stopped")
        return INTERRUPTED
    return SOME_FAILED if summary.failed or listing.rejected else ALL_WELL


def open_listener(settings: AsrSettings, console: Console) -> LocalListener:
    """The listener that the settings choose; a fallback is said on the console."""
    transcriber, tagger = open_transcriber(settings), open_tagger(settings)
    for chosen in (transcriber, tagger):
        if chosen.warning:
            console.print(f"warning: {chosen.warning}", style="yellow", markup=False)
    console.print(f"speech: {transcriber.model.name} · emotion: {tagger.model.name}", markup=False)
    return LocalListener(Scheduler(transcriber.model, tagger.model), settings.max_clip_seconds)


def run_score(options: argparse.Namespace) -> int:
    rows = list(read_rows(options.table).values())
    by = tuple(name.strip() for name in options.by.split(",") if name.strip())
    _check_columns(by, rows)
    scored = score(rows, by)
    if not scored.whole.clips:
        raise AsrError(f"{options.table} has no row with both a reference in text and a transcript in generated_text")
    if options.json:
        print(json.dumps(scored.to_json(), ensure_ascii=False))
    else:
        show_score(scored, console_of(sys.stdout))
    return ALL_WELL


def _check_columns(by: tuple[str, ...], rows: list[ClipRow]) -> None:
    known = {column.name for column in COLUMNS} | {name for row in rows for name in row.extra}
    if unknown := [name for name in by if name not in known]:
        raise AsrError(f"--by {', '.join(unknown)}: no such column; there are {', '.join(sorted(known))}")


def read_rows(path: Path) -> dict[str, ClipRow]:
    """Clip rows by id from a journal (``.jsonl``) or a table (anything else)."""
    return read_journal(path) if path.suffix == ".jsonl" else read_csv(path).rows()


def run_api(options: argparse.Namespace) -> int:
    from asr.serve import serve  # the web server is loaded only for those who serve

    given = {"api_host": options.host, "api_port": options.port}
    settings = read_settings(**{name: value for name, value in given.items() if value is not None})
    start_log(settings.log_dir)
    return serve(settings)


if __name__ == "__main__":
    sys.exit(main())

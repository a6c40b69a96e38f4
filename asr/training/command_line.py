"""``hearsay train-whisper``: train a Whisper model on audio. torch is imported when the command runs."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from asr.errors import BadSource
from asr.models.weights import resolve_weights
from asr.settings import AsrSettings
from asr.sources.listing import Clip, open_folder, remarks_of
from asr.sources.matching import TableSource
from hearsay.config import read_settings
from hearsay.extras import needing
from hearsay.terminal.process import ALL_WELL

_EXAMPLE: Final = (
    "example: python -m asr train-whisper --short-windows --model whisper-tiny.en --audio cv-valid-dev --out my-model"
)


def add_train_whisper(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command ``train-whisper`` and its options."""
    command = commands.add_parser(
        "train-whisper",
        help="train a Whisper model on your audio",
        description="Train a Whisper model to work with less silence after the speech (--short-windows), which "
        "makes it faster. Training needs only audio, no references. To continue after an interruption, run the same "
        "command again.",
        epilog=_EXAMPLE,
    )
    command.add_argument(
        "--short-windows", action="store_true", required=True, help="the kind of training; so far the only one"
    )
    command.add_argument(
        "--model",
        metavar="NAME",
        default="whisper-tiny.en",
        help="Whisper model with weights in float16 (default: whisper-tiny.en)",
    )
    command.add_argument("--audio", metavar="DIR", type=Path, required=True, help="folder with clips of at most 28 s")
    command.add_argument("--out", metavar="MODEL", type=Path, required=True, help="folder for the trained model")
    command.add_argument("--csv", metavar="FILE", type=Path, help="table of the clips to train on (default: all clips)")
    command.add_argument(
        "--measure",
        metavar="FILE",
        type=Path,
        help="table of other clips with references, to measure the model on",
    )
    command.add_argument("--work", metavar="DIR", type=Path, help="folder for intermediate files (default: MODEL.work)")
    command.add_argument("--about", metavar="TEXT", default="", help="source and licence of the audio, for the report")
    command.add_argument("--steps", metavar="N", type=int, help="number of training steps")
    command.add_argument("--seed", metavar="N", type=int, help="random seed")
    command.set_defaults(run=run_train_whisper)


def run_train_whisper(options: argparse.Namespace) -> int:
    """Run ``train-whisper``; returns its exit status."""
    with needing("train", "hearsay train-whisper"):
        from asr.training.short_windows import Recipe, train_short_windows
    if options.out.exists():
        raise BadSource(f"{options.out} exists already; remove it, or name another folder for the model.")
    clips = _listed(options.audio, options.csv)
    measured = _listed(options.audio, options.measure) if options.measure else ()
    given = {name: getattr(options, name) for name in ("steps", "seed") if getattr(options, name) is not None}
    train_short_windows(
        resolve_weights(options.model, read_settings(AsrSettings)),
        clips,
        options.out,
        options.work or options.out.with_name(f"{options.out.name}.work"),
        replace(Recipe(), **given),
        measured,
        options.about,
    )
    print(f"The model is in {options.out}, and {options.out / 'report.md'} describes it.", file=sys.stderr)
    return ALL_WELL


def _listed(folder: Path, table: Path | None) -> tuple[Clip, ...]:
    """The clips of a folder, or those in a table of it."""
    source = open_folder(str(folder), None)
    listing = (TableSource(source.folder, table, source.dataset) if table else source).list()
    for sentence in remarks_of(listing):
        print(sentence, file=sys.stderr, flush=True)
    return listing.clips

"""Whether a transcript of Whisper's depends on the clips that are transcribed with it, in int8 and float32.

    python bench/invariance.py [TABLE] [--model whisper-tiny.en] [--clips 400] [--json]

TABLE is a CSV file with the column ``filename``, a path below its folder; the default are the sample clips. Each clip
is transcribed alone, then with the others in batches of 8 and of all clips, in two shuffled orders. ``*_changed``
counts the transcripts that differ in any character, ``*_words_moved`` the words whose start or end differs, and
``*_largest_move`` is the largest difference in seconds (one frame of the encoder is 0.02 s).
"""

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, Literal

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)  # asr.py in this folder would shadow the package asr

from asr.audio.decoding import decode_audio  # noqa: E402
from asr.audio.vad import detect_speech  # noqa: E402
from asr.models.weights import Weights, resolve_weights  # noqa: E402
from asr.settings import AsrSettings  # noqa: E402
from asr.speech.whisper import WhisperSpeechModel  # noqa: E402
from asr.types import DecodedAudio, SpeechOutput  # noqa: E402
from bench.figures import SAMPLES, print_figures  # noqa: E402

LONGEST = 600.0
"""Seconds of the longest clip."""


def clips_of(table: Path, number: int) -> list[DecodedAudio]:
    """The first clips of a table, decoded."""
    with table.open(newline="", encoding="utf-8") as lines:
        names = [row["filename"] for row in csv.DictReader(lines)][:number]
    files = (table.parent / name for name in names)
    return [
        detect_speech(decode_audio((file if file.exists() else table.parent / file.name).read_bytes(), LONGEST))
        for file in files
    ]


def moves(alone: SpeechOutput, together: SpeechOutput) -> Iterator[float]:
    """The differences in seconds between the starts, and between the ends, of the same words."""
    for one, other in zip(alone.words, together.words, strict=True):
        yield max(abs(one.start - other.start), abs(one.end - other.end))


def shuffled(model: WhisperSpeechModel, clips: Sequence[DecodedAudio], size: int, seed: int) -> list[SpeechOutput]:
    """The transcripts of clips in their own order, transcribed in another one in batches of ``size``."""
    order = Random(seed).sample(range(len(clips)), len(clips))
    found: dict[int, SpeechOutput] = {}
    for first in range(0, len(order), size):
        batch = order[first : first + size]
        found |= zip(batch, model.transcribe([clips[number] for number in batch]), strict=True)
    return [found[number] for number in range(len(clips))]


def compared(model: WhisperSpeechModel, clips: Sequence[DecodedAudio]) -> dict[str, float]:
    """Transcripts that changed between a clip alone and in a batch, and the words of the others that moved."""
    alone = [model.transcribe([clip])[0] for clip in clips]
    changed: set[int] = set()
    moved: list[float] = []
    for seed, size in enumerate((8, len(clips))):
        for number, pair in enumerate(zip(alone, shuffled(model, clips, size, seed), strict=True)):
            one, other = pair
            if one.text != other.text or len(one.words) != len(other.words):
                changed.add(number)
            else:
                moved += (move for move in moves(one, other) if move > 0)
    return {"changed": len(changed), "words_moved": len(moved), "largest_move": max(moved, default=0.0)}


def invariance_of(table: Path, name: str, weights: Weights, number: int) -> dict[str, Any]:
    """`compared` in both precisions that Whisper has on a CPU."""
    clips = clips_of(table, number)
    found: dict[str, Any] = {"invariance_clips": len(clips)}
    precisions: tuple[Literal["int8", "float32"], ...] = ("int8", "float32")
    for precision in precisions:
        model = WhisperSpeechModel(weights.folder, name, weights.digest, precision=precision, device="cpu", workers=2)
        found |= {f"{precision}_{figure}": value for figure, value in compared(model, clips).items()}
        print(f"{precision}: {found[f'{precision}_changed']} of {len(clips)} transcripts changed", file=sys.stderr)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path, nargs="?", default=SAMPLES / "clips.csv")
    parser.add_argument("--model", default="whisper-tiny.en")
    parser.add_argument("--clips", type=int, default=400)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    weights = resolve_weights(given.model, AsrSettings())
    print_figures(invariance_of(given.table, given.model, weights, given.clips), as_json=given.json)


if __name__ == "__main__":
    main()

"""Speed of CTC decoding into words with times, confidences and alternatives, relative to the plain decoder.

    python bench/ctc_words.py [TRANSCRIPTS.csv] [--seconds 1200] [--rounds 3] [--kinds synthetic,trained] [--json]

The plain decoder (`tests/support/plain_ctc.py`) is what Hearsay used until decoding was vectorised. Both decode the
same logits alternately in one process with one thread; the best CPU time of each counts. Both must give the same words.
Kinds of logits:

* ``synthetic``: made from transcripts of real clips, a CSV of wav2vec2-large-960h with the columns ``duration`` and
  ``generated_text`` (if none is named, from the references of the sample clips at 14 characters per second): 50 frames
  a second, 1 or 2 for each character and blanks between; in 6 % of the frames with a character and 1 % of the blanks, a
  second token has a probability of 5 to 45 %. ``synthetic_unsure_words`` is the share of words with alternatives.
* ``trained``: a tiny model trained for about twenty seconds on a few sample clips, applied to all of them; it is unsure
  of most words.
* ``random``: a model with random weights, which is unsure of nearly every frame.

``KIND_times_real_time`` decodes in batches of 600 s, as on a GPU, ``KIND_10s_times_real_time`` in batches of 10 s, as
on a CPU; ``KIND_ratio`` is the former relative to the plain decoder, which decodes one piece after the other.
"""

import argparse
import csv
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)  # the folder of this file has an asr.py, which is not a package

import numpy as np  # noqa: E402
import torch  # noqa: E402

from asr.inference.batched_model import PieceOutput  # noqa: E402
from asr.speech.ctc import CtcSpeechModel  # noqa: E402
from asr.speech.ctc_decoding import CtcVocabulary  # noqa: E402
from asr.speech.ctc_words import CtcDecoder  # noqa: E402
from asr.types import SAMPLE_RATE  # noqa: E402
from bench.asr import acoustics_of  # noqa: E402
from bench.figures import SAMPLES, print_figures  # noqa: E402
from hearsay.records.table import read_csv  # noqa: E402
from hearsay.records.transcript import Word  # noqa: E402
from tests.support.checkpoints import LETTERS, SPECIALS, save_wav2vec2  # noqa: E402
from tests.support.plain_ctc import plain_words  # noqa: E402
from tests.support.recordings import audio_of  # noqa: E402
from tests.support.trained import sample_sentences, save_trained  # noqa: E402

SAMPLES_A_FRAME = 320
FRAMES_A_SECOND = SAMPLE_RATE // SAMPLES_A_FRAME
VOCABULARY = CtcVocabulary(tuple("" if token in SPECIALS else token for token in SPECIALS + LETTERS), "|", 0)
KINDS = ("synthetic", "trained", "random")
BATCHES = {"": 600.0, "_10s": 10.0}
"""Seconds of audio decoded together."""


def transcripts_of(file: Path | None) -> list[tuple[str, float]]:
    """The transcripts of clips, in capitals, and their durations in seconds."""
    if file is None:
        texts = [row.text.upper() for row in read_csv(SAMPLES / "clips.csv").rows().values() if row.text]
        return [(text, 1 + len(text) / 14) for text in texts]
    with file.open(encoding="utf-8", newline="") as rows:
        return [(row["generated_text"], float(row["duration"])) for row in csv.DictReader(rows)]


def synthetic_logits(text: str, seconds: float, random: np.random.Generator) -> torch.Tensor:
    """Shape (frames, tokens): one token of about 99 %, or less if there is a likely second one."""
    frames = max(round(seconds * FRAMES_A_SECOND), 3 * len(text) + 4)
    best = np.zeros(frames, int)
    characters = [VOCABULARY.tokens.index(character) for character in "|".join(text.split())]
    places = np.linspace(0.06, 0.94, len(characters)) * frames
    for place, character, width in zip(places.astype(int), characters, random.integers(1, 3, len(places)), strict=True):
        best[place : place + width] = character
    logits = random.normal(0, 1, (frames, len(VOCABULARY.tokens)))
    logits[np.arange(frames), best] += random.uniform(9, 14, frames)
    unsure = np.flatnonzero(random.random(frames) < np.where(best, 0.06, 0.01))
    second, share = random.integers(0, len(VOCABULARY.tokens), len(unsure)), random.uniform(0.05, 0.45, len(unsure))
    logits[unsure, second] = logits[unsure, best[unsure]] + np.log(share / (1 - share))
    return torch.from_numpy(logits.astype(np.float32))


def synthetic(transcripts: Sequence[tuple[str, float]], seconds: float) -> Iterator[PieceOutput]:
    random = np.random.default_rng(0)
    for text, length in transcripts:
        if text and seconds > 0:
            yield PieceOutput(0, 0, round(length * SAMPLE_RATE), synthetic_logits(text, length, random))
            seconds -= length


def of_model(folder: Path, seconds: float) -> Iterator[PieceOutput]:
    """A model's logits for the sample clips, repeated until they cover this many seconds."""
    sounds = [waveform for waveform, _ in sample_sentences(SAMPLES)]
    outputs = list(acoustics_of(CtcSpeechModel(str(folder), "cpu")).outputs(audio_of(*sounds)))
    for output in cycle(outputs):
        if seconds <= 0:
            return
        yield output
        seconds -= (output.end - output.start) / SAMPLE_RATE


def pieces_of(kind: str, given: argparse.Namespace, scratch: Path) -> list[PieceOutput]:
    if kind == "synthetic":
        return list(synthetic(transcripts_of(given.transcripts), given.seconds))
    if kind == "trained":
        return list(of_model(save_trained(scratch / kind, "group", sample_sentences(SAMPLES)), given.seconds))
    return list(of_model(save_wav2vec2(scratch / kind), given.seconds))


def plain(pieces: Sequence[PieceOutput]) -> list[list[Word]]:
    return [plain_words(each.logits, VOCABULARY, each.start, each.end, SAMPLES_A_FRAME) for each in pieces]


def vectorised(pieces: Sequence[PieceOutput], seconds: float) -> list[list[Word]]:
    """In batches of this many seconds, or of one piece if that is longer."""
    decoder = CtcDecoder(VOCABULARY, SAMPLES_A_FRAME)
    words: list[list[Word]] = []
    batch: list[PieceOutput] = []
    for piece in pieces:
        if batch and seconds_of([*batch, piece]) > seconds:
            words += decoder.words(batch)
            batch = []
        batch.append(piece)
    return words + decoder.words(batch)


def seconds_of(pieces: Sequence[PieceOutput]) -> float:
    return sum(piece.end - piece.start for piece in pieces) / SAMPLE_RATE


def compare(kind: str, pieces: Sequence[PieceOutput], rounds: int) -> dict[str, Any]:
    ways: dict[str, Callable[[], list[list[Word]]]] = {"_plain": lambda: plain(pieces)}
    ways |= {name: partial(vectorised, pieces, most) for name, most in BATCHES.items()}
    took: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        words = {}
        for name, way in ways.items():
            started = time.process_time()
            words[name] = way()
            took[name].append(time.process_time() - started)
        if any(found != words["_plain"] for found in words.values()):
            sys.exit(f"{kind}: the decoders do not write the same words")
        print(f"{kind}, round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    audio, best = seconds_of(pieces), {name: min(seconds) for name, seconds in took.items()}
    unsure = [bool(word.alternatives) for own in words["_plain"] for word in own]
    return (
        {f"{kind}_ratio": best["_plain"] / best[""]}
        | {f"{kind}{name}_times_real_time": audio / seconds for name, seconds in best.items()}
        | {f"{kind}_audio_seconds": audio, f"{kind}_words": len(unsure)}
        | {f"{kind}_unsure_words": sum(unsure) / max(1, len(unsure))}
        | {f"{kind}{name}_cpu_seconds": seconds for name, seconds in best.items()}
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("transcripts", type=Path, nargs="?")
    parser.add_argument("--seconds", type=float, default=1200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="hearsay-bench-") as scratch:
        for kind in given.kinds.split(","):
            figures |= compare(kind, pieces_of(kind, given, Path(scratch)), given.rounds)
    print_figures(figures, as_json=given.json)


if __name__ == "__main__":
    main()

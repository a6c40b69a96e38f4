"""One recogniser process: loads PocketSphinx once, then hears one piece of sound after the other.

It holds the interpreter while it listens, so it must never run in a server's own process. This file imports little,
because every process starts with it.
"""

import math
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import islice
from multiprocessing import parent_process
from multiprocessing.connection import wait
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pocketsphinx import Decoder

from asr.speech.alternatives import most_confident, substitutes_in
from hearsay.records.transcript import Alternative

FRAMES_A_SECOND: Final = 100
TARGET_RMS: Final = 0.05
"""Root mean square that every piece is brought to, so that a whisper is heard like a shout."""
NOISE_RMS: Final = 3e-4
"""Standard deviation of the noise under every piece. In the dead silence of edited sound PocketSphinx hears words:
with it the sample interview has a word error rate of .103 instead of .227. On real clips it makes no difference that
can be told from chance (60 of them: 277 errors instead of 285; 400: 54.5 % instead of 54.7)."""

MAX_HYPOTHESES: Final = 400
"""Asked for after each piece; of 150 real clips some 230 are distinct. They and their alignment take 1.7 % of the time
of hearing (3 % in pieces of 30 s), and the alternatives have 34 % of the reference words that the transcripts lack;
with 100 hypotheses they have 30 %. In a long piece the best paths differ in a few places only."""
MAX_ALTERNATIVES: Final = 5
"""Alternatives of one word; with three they have 30 % of the lost words."""
SCORE_EXPONENT: Final = 100
"""Of 0 to 500 the one whose shares told true alternatives from false ones best on these clips: area under the curve
.675; .670 with 50, .661 with 0, where hypotheses only count."""

# Fewer guesses kept alive than the library's 30,000 states and endless words a frame: on 50 real clips half as fast
# again, at a word error rate of .480 instead of .483.
_OPTIONS: Final = {"samprate": 16_000, "cmn": "batch", "maxhmmpf": 5_000, "maxwpf": 20, "loglevel": "FATAL"}


class DecodedWord(NamedTuple):
    """A word as the recogniser has it: text, start and end in seconds from the piece's start, posterior probability."""

    text: str
    start: float
    end: float
    probability: float
    alternatives: tuple[Alternative, ...]


@cache
def decoder() -> Decoder:
    """The model, loaded once in this process."""
    return Decoder(**_OPTIONS)


def start() -> None:
    """Load the model; what a pool of processes runs first in each."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer, it closes the pool
    threading.Thread(target=_end_with_parent, daemon=True).start()
    decoder()


def _end_with_parent() -> None:
    if parent := parent_process():
        wait([parent.sentinel])  # a parent killed with -9 shuts no pool down, and its processes would wait for ever
        os._exit(1)


def is_ready() -> bool:
    """True, once the process that is asked has loaded its model."""
    return decoder() is not None


def recognise(piece: NDArray[np.float32]) -> list[DecodedWord]:
    """The words of one piece of sound, mono float32 at 16 kHz; fillers and silences are left out."""
    # Cepstral means of one piece alone (cmn="batch"), and noise levels forgotten: what was heard before, and in which
    # of the processes, must not change a word.
    decoder().reinit_feat()
    decoder().start_utt()
    decoder().process_raw(_samples(piece), full_utt=True)
    decoder().end_utt()
    segments = [segment for segment in decoder().seg() or () if not _is_filler(segment.word)]
    texts = [_text(segment.word) for segment in segments]
    alternatives = most_confident(texts, _confidences(texts, _hypotheses()), MAX_ALTERNATIVES) if texts else []
    return [
        DecodedWord(
            text,
            segment.start_frame / FRAMES_A_SECOND,
            (segment.end_frame + 1) / FRAMES_A_SECOND,
            min(1.0, max(0.0, segment.prob)),
            others,
        )
        for segment, text, others in zip(segments, texts, alternatives, strict=True)
    ]


def _is_filler(word: str) -> bool:
    return word.startswith(("<", "[", "+"))


def _text(word: str) -> str:
    """The word without the number of its pronunciation: ``the`` of ``the(2)``."""
    return word.partition("(")[0]


def _hypotheses() -> dict[tuple[str, ...], float]:
    """What the piece may have been, each with its share of all, 0..1: a softmax of the scores of the best paths.

    The library's score is the exponential of a path's log probability divided by 1,024; the power of `SCORE_EXPONENT`
    makes that a tenth, since acoustic probabilities of single frames count too much.
    """
    scores: dict[tuple[str, ...], float] = {}
    for found in islice(decoder().nbest() or (), MAX_HYPOTHESES):
        if found is not None:
            words = tuple(_text(word) for word in found.hypstr.split() if not _is_filler(word))
            scores[words] = max(found.score, scores.get(words, 0.0))
    return shares_of(scores)


def shares_of(scores: Mapping[tuple[str, ...], float]) -> dict[tuple[str, ...], float]:
    """Each hypothesis's share of all, from the library's scores, computed as logarithms.

    The library tells no logarithms, and of a long piece that resembles no speech the scores themselves are 0 or so
    near to it that they have lost their digits. There the hypotheses only count, which is nearly as good (see
    `SCORE_EXPONENT`).
    """
    if max(scores.values(), default=0.0) < sys.float_info.min:
        return dict.fromkeys(scores, 1 / max(1, len(scores)))
    logs = {words: SCORE_EXPONENT * math.log(score) for words, score in scores.items() if score > 0}
    best = max(logs.values())
    weights = {words: math.exp(log - best) for words, log in logs.items()}
    total = math.fsum(weights.values())
    return {words: weights.get(words, 0.0) / total for words in scores}


def _confidences(texts: Sequence[str], hypotheses: Mapping[tuple[str, ...], float]) -> list[dict[str, float]]:
    """How likely each other word was said in the place of each heard one, of the share of hypotheses that have it."""
    shares: list[dict[str, float]] = [{} for _ in texts]
    for hypothesis, share in hypotheses.items():
        for at, word in set(substitutes_in(texts, hypothesis)):
            shares[at][word] = shares[at].get(word, 0.0) + share
    return [{word: _calibrated(share) for word, share in others.items()} for others in shares]


def _calibrated(share: float) -> float:
    """The chance that a word with this share of the hypotheses was said and is lost: a quarter of its cube root.

    Fitted to the deciles of 10,129 alternatives of 150 clips of Common Voice, and on 460 others: of alternatives at
    .02 to .04, .04 to .07, .07 to .15 and above, 3.8, 5.7, 9.1 and 15.3 % stand in the reference and not in the
    transcript, where the confidences say 2.6, 5.0, 9.8 and 18.5 % on average.
    """
    return math.cbrt(min(share, 1.0)) / 4


def _samples(piece: NDArray[np.float32]) -> bytes:
    loudness = float(np.sqrt(np.mean(np.square(piece, dtype=np.float64))))
    noise = np.random.default_rng(0).normal(0, NOISE_RMS, len(piece))  # the same for every piece, so nothing is random
    level = piece * (TARGET_RMS / max(loudness, 1e-9)) + noise
    return (level.clip(-1, 1) * 32767).astype("<i2").tobytes()

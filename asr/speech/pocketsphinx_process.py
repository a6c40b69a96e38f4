"""One PocketSphinx process: loads the models once, then decodes one piece of audio after the other.

Decoding holds the GIL, so it must never run in the process of a server. This file imports little, because every
process loads it at its start.
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
"""Root mean square to which every piece is scaled, so that transcripts do not depend on the recording level."""
NOISE_RMS: Final = 3e-4
"""Standard deviation of the noise that is added to every piece. In digital silence, PocketSphinx inserts words: with
the noise, the sample interview has a word error rate of 0.103 instead of 0.227. On real clips the difference is not
significant (60 clips: 277 errors instead of 285; 400 clips: 54.5 % instead of 54.7 %)."""

MAX_HYPOTHESES: Final = 400
"""Length of the n-best list of each piece; about 230 are distinct on 150 real clips. They and their alignment take
1.7 % of the decoding time (3 % in pieces of 30 s). The alternatives contain 34 % of the reference words that the
transcripts lack, or 30 % with 100 hypotheses. In a long piece the best paths differ in a few places only."""
MAX_ALTERNATIVES: Final = 5
"""Maximum number of alternatives of one word; three would contain 30 % of the lost words."""
SCORE_EXPONENT: Final = 100
"""The exponent from 0 to 500 that separated true from false alternatives best on these clips: area under the ROC curve
0.675; 0.670 with 50, and 0.661 with 0, which only counts hypotheses."""

# A narrower beam than the library's 30,000 states and unlimited words per frame: on 50 real clips 1.5 times as fast, at
# a word error rate of 0.480 instead of 0.483.
_OPTIONS: Final = {"samprate": 16_000, "cmn": "batch", "maxhmmpf": 5_000, "maxwpf": 20, "loglevel": "FATAL"}


class DecodedWord(NamedTuple):
    """A decoded word: text, start and end in seconds from the piece's start, posterior probability, alternatives."""

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
    """Load the model; the initialiser of each process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C and closes the pool
    threading.Thread(target=_end_with_parent, daemon=True).start()
    decoder()


def _end_with_parent() -> None:
    if parent := parent_process():
        wait([parent.sentinel])  # a killed parent does not shut the pool down, and its processes would wait forever
        os._exit(1)


def is_ready() -> bool:
    """True, when this process has loaded its model."""
    return decoder() is not None


def recognise(piece: NDArray[np.float32]) -> list[DecodedWord]:
    """The words of one piece, mono float32 at 16 kHz, without fillers and silences."""
    # Cepstral means of this piece alone (cmn="batch") and reset noise levels: earlier pieces, and the choice of the
    # process, must not change the result.
    decoder().reinit_feat()
    decoder().start_utt()
    loudness = float(np.sqrt(np.mean(np.square(piece, dtype=np.float64))))
    # The same noise for every piece, so that decoding is deterministic.
    noise = np.random.default_rng(0).normal(0, NOISE_RMS, len(piece))
    level = piece * (TARGET_RMS / max(loudness, 1e-9)) + noise
    decoder().process_raw((level.clip(-1, 1) * 32767).astype("<i2").tobytes(), full_utt=True)
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
    """The word without the number of its pronunciation: ``the`` for ``the(2)``."""
    return word.partition("(")[0]


def _hypotheses() -> dict[tuple[str, ...], float]:
    """The hypotheses of the n-best list, each with its share from 0 to 1: a softmax of the scores of the best paths.

    The library's score is the exponential of a path's log probability divided by 1,024. Raised to `SCORE_EXPONENT`, the
    divisor is about 10, which reduces the weight of the acoustic probabilities of single frames.
    """
    scores: dict[tuple[str, ...], float] = {}
    for found in islice(decoder().nbest() or (), MAX_HYPOTHESES):
        if found is not None:
            words = tuple(_text(word) for word in found.hypstr.split() if not _is_filler(word))
            scores[words] = max(found.score, scores.get(words, 0.0))
    return shares_of(scores)


def shares_of(scores: Mapping[tuple[str, ...], float]) -> dict[tuple[str, ...], float]:
    """The share of each hypothesis, computed from the logarithms of the library's scores.

    The library does not return logarithms, and on a long piece without speech the scores underflow to 0 or to subnormal
    numbers. Then all hypotheses count the same, which is nearly as good (see `SCORE_EXPONENT`).
    """
    if max(scores.values(), default=0.0) < sys.float_info.min:
        return dict.fromkeys(scores, 1 / max(1, len(scores)))
    logs = {words: SCORE_EXPONENT * math.log(score) for words, score in scores.items() if score > 0}
    best = max(logs.values())
    weights = {words: math.exp(log - best) for words, log in logs.items()}
    total = math.fsum(weights.values())
    return {words: weights.get(words, 0.0) / total for words in scores}


def _confidences(texts: Sequence[str], hypotheses: Mapping[tuple[str, ...], float]) -> list[dict[str, float]]:
    """For each word, the confidence of each alternative, from the share of hypotheses that contain it there."""
    shares: list[dict[str, float]] = [{} for _ in texts]
    for hypothesis, share in hypotheses.items():
        for at, word in set(substitutes_in(texts, hypothesis)):
            shares[at][word] = shares[at].get(word, 0.0) + share
    return [{word: _calibrated(share) for word, share in others.items()} for others in shares]


def _calibrated(share: float) -> float:
    """The probability that a word with this share of hypotheses was said but is not in the transcript.

    It is a quarter of the share's cube root, fitted to the deciles of 10,129 alternatives of 150 clips of Common Voice.
    On 460 other clips, of alternatives at 0.02 to 0.04, 0.04 to 0.07, 0.07 to 0.15 and above, 3.8, 5.7, 9.1 and 15.3 %
    are in the reference and not in the transcript; their mean confidences are 2.6, 5.0, 9.8 and 18.5 %.
    """
    return math.cbrt(min(share, 1.0)) / 4

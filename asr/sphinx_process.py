"""One recogniser process: loads PocketSphinx once, then hears one piece of sound after the other.

It holds the interpreter while it listens, so it must never run in a server's own process. This file imports little,
because every process starts with it.
"""

import os
import signal
import threading
from functools import cache
from multiprocessing import parent_process
from multiprocessing.connection import wait
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pocketsphinx import Decoder

FRAMES_A_SECOND: Final = 100
LOUDNESS: Final = 0.05
"""Root mean square that every piece is brought to, so that a whisper is heard like a shout."""
NOISE: Final = 3e-4
"""Standard deviation of the noise under every piece. In the dead silence of edited sound PocketSphinx hears words:
with it the sample interview has a word error rate of .103 instead of .227. On real clips it makes no difference that
can be told from chance (60 of them: 277 errors instead of 285; 400: 54.5 % instead of 54.7)."""

# Fewer guesses kept alive than the library's 30,000 states and endless words a frame: on 50 real clips half as fast
# again, at a word error rate of .480 instead of .483.
_OPTIONS: Final = {"samprate": 16_000, "cmn": "batch", "maxhmmpf": 5_000, "maxwpf": 20, "loglevel": "FATAL"}


class HeardWord(NamedTuple):
    """A word as the recogniser has it: text, start and end in seconds from the piece's start, posterior probability."""

    text: str
    start: float
    end: float
    probability: float


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


def recognise(piece: NDArray[np.float32]) -> list[HeardWord]:
    """The words of one piece of sound, mono float32 at 16 kHz; fillers and silences are left out."""
    # Cepstral means of one piece alone (cmn="batch"), and noise levels forgotten: what was heard before, and in which
    # of the processes, must not change a word.
    decoder().reinit_feat()
    decoder().start_utt()
    decoder().process_raw(_samples(piece), full_utt=True)
    decoder().end_utt()
    return [
        HeardWord(
            segment.word.partition("(")[0],
            segment.start_frame / FRAMES_A_SECOND,
            (segment.end_frame + 1) / FRAMES_A_SECOND,
            min(1.0, max(0.0, segment.prob)),
        )
        for segment in decoder().seg() or ()
        if not segment.word.startswith(("<", "[", "+"))
    ]


def _samples(piece: NDArray[np.float32]) -> bytes:
    loudness = float(np.sqrt(np.mean(np.square(piece, dtype=np.float64))))
    noise = np.random.default_rng(0).normal(0, NOISE, len(piece))  # the same for every piece, so nothing is random
    level = piece * (LOUDNESS / max(loudness, 1e-9)) + noise
    return (level.clip(-1, 1) * 32767).astype("<i2").tobytes()

"""The embedded recogniser: PocketSphinx with the English models of its wheel, in processes of its own."""

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from importlib.util import find_spec
from multiprocessing import active_children, get_context
from pathlib import Path
from threading import Lock
from typing import Final

from asr.audio import SAMPLE_RATE
from asr.errors import AsrError, ModelNotInstalled, ModelUnavailable
from asr.pauses import Stretch, pieces
from asr.segments import transcript_of
from asr.spawning import without_main_program
from asr.sphinx_process import HeardWord, is_ready, recognise, start
from asr.transcript import Transcript, Waveform
from asr.weights import weights_digest
from hearsay.extras import how_to_install
from hearsay.records.clip import Word

NAME: Final = "pocketsphinx"

_STARTING: Final = Lock()
"""Held while processes start, so that those which appear meanwhile are one recogniser's."""


class PocketSphinxTranscriber:
    """English with a vocabulary of 134,000 words; several processes hear several pieces at once.

    Its words come with alternatives out of its further hypotheses.

    ``workers`` processes, 0 for one per core, start when it is made. One that is killed is replaced once; threads
    may share the transcriber, and their process never waits for the interpreter while it listens.
    """

    name = NAME
    device = "cpu"
    precision = ""
    padding_ratio = 1.0

    def __init__(self, workers: int = 0) -> None:
        if find_spec("pocketsphinx") is None:
            raise ModelNotInstalled(
                f"PocketSphinx is not installed here; run {how_to_install('asr')}, or in a checkout ./run.sh setup."
            )
        self.workers = workers or len(os.sched_getaffinity(0))
        self.weights = weights_of_the_wheel()
        self._lock = Lock()
        self._is_closed = False
        self._pool = self._started_pool()

    def transcribe(self, waveforms: Sequence[Waveform]) -> list[Transcript]:
        cuts = [(number, cut) for number, waveform in enumerate(waveforms) for cut in pieces(waveform)]
        heard = self._recognised([waveforms[number][start:end] for number, (start, end) in cuts])
        words: list[list[Word]] = [[] for _ in waveforms]
        for (number, cut), found in zip(cuts, heard, strict=True):
            words[number] += _words(cut, found)
        return [transcript_of(waveform, found) for waveform, found in zip(waveforms, words, strict=True)]

    def close(self) -> None:
        """End the processes, also in the middle of a piece: whoever closes waits for no transcript."""
        self._is_closed = True
        self._end()

    def _end(self) -> None:
        for process in self._processes:
            process.terminate()
        # The pool waits for them, and must be the only one that does. It cancels nothing, because nobody is told of
        # that who waits for several pieces: for want of its processes it fails all that it was asked.
        self._pool.shutdown()

    def _recognised(self, sounds: Sequence[Waveform]) -> list[list[HeardWord]]:
        for _ in range(2):
            pool = self._pool
            try:
                return _in_turn(pool, sounds, self.workers)
            except BrokenProcessPool:
                self._replace(pool)
            except RuntimeError:  # also what a pool says that was closed between two pieces
                self._check_open()
                raise
        raise AsrError(
            "A process of the speech recogniser was killed twice, most often for want of memory; "
            "set WORKERS to a smaller number."
        )

    def _replace(self, broken: ProcessPoolExecutor) -> None:
        with self._lock:
            self._check_open()
            if self._pool is broken:  # else another thread was here first
                self._pool = self._started_pool()
            if self._is_closed:  # while it started, so that who closed did not see it
                self._end()
            self._check_open()

    def _check_open(self) -> None:
        if self._is_closed:
            raise AsrError("nothing is heard any more: the recogniser is closed")

    def _started_pool(self) -> ProcessPoolExecutor:
        pool = ProcessPoolExecutor(self.workers, get_context("spawn"), initializer=start)
        with _STARTING:
            others = set(active_children())
            try:
                with _deaf_to_ctrl_c(), without_main_program():
                    loading = [pool.submit(is_ready) for _ in range(self.workers)]
                for one in loading:
                    one.result()
            except BrokenProcessPool as problem:
                raise ModelUnavailable(
                    "PocketSphinx could not load its models; run ./run.sh setup again, or set WORKERS to a smaller "
                    "number."
                ) from problem
            self._processes = set(active_children()) - others
        return pool


def weights_of_the_wheel() -> str:
    """A digest of the models in PocketSphinx's wheel that it loads by itself."""
    from pocketsphinx import get_model_path

    folder = Path(get_model_path()) / "en-us"
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "README")
    return weights_digest({path.relative_to(folder).as_posix(): path for path in files})


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Processes that are started inside never see Ctrl-C, which is for the one that started them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _in_turn(pool: ProcessPoolExecutor, sounds: Sequence[Waveform], at_once: int) -> list[list[HeardWord]]:
    """What is heard in each sound; few of them wait in the pool, so that others' come between those of a long clip."""
    asked: list[Future[list[HeardWord]]] = []
    under_way: set[Future[list[HeardWord]]] = set()
    for sound in sounds:
        if len(under_way) == at_once:
            _, under_way = wait(under_way, return_when=FIRST_COMPLETED)
        asked.append(pool.submit(recognise, sound))
        under_way.add(asked[-1])
    return [answer.result() for answer in asked]


def _words(cut: Stretch, heard: Sequence[HeardWord]) -> list[Word]:
    """The words of one piece with times from the clip's start."""
    first, last = (sample / SAMPLE_RATE for sample in cut)
    return [
        Word(word.text, first + word.start, min(first + word.end, last), word.probability, word.alternatives)
        for word in heard
    ]

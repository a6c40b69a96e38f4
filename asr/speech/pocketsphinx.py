"""PocketSphinx with the English models of its wheel, in separate processes."""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Final

from asr.audio.vad import pieces
from asr.errors import AsrError, ModelUnavailable
from asr.inference.weights import weights_digest
from asr.speech.pocketsphinx_process import DecodedWord, is_ready, recognise, start
from asr.speech.segments import transcript_of
from asr.types import SAMPLE_RATE, DecodedAudio, SpeechOutput, Waveform
from hearsay.extras import how_to_install
from hearsay.records.transcript import Word

NAME: Final = "pocketsphinx"

_MAIN_LOCATION: Final = ("__spec__", "__file__")

_STARTING: Final = Lock()
"""Held while processes start, so that all child processes that appear meanwhile belong to one model."""


class PocketSphinxSpeechModel:
    """English with a vocabulary of 134,000 words; several processes decode several pieces in parallel.

    Words have alternatives, from the n-best list.

    The constructor starts ``workers`` processes, 0 for one per core. A killed process is replaced, and its piece is
    retried once; other pieces are not affected. Threads may share the model. Decoding does not hold their GIL.
    """

    name = NAME
    device = "cpu"
    precision = ""
    padding_ratio = 1.0

    def __init__(self, workers: int = 0) -> None:
        if find_spec("pocketsphinx") is None:
            raise ModelUnavailable(
                f"PocketSphinx is not installed; run {how_to_install('asr')}, or in a checkout ./run.sh setup."
            )
        self.workers = workers or len(os.sched_getaffinity(0))
        self.weights = weights_of_the_wheel()
        self._lock = Lock()
        self._is_closed = False
        self._threads = ThreadPoolExecutor(self.workers, "speech model")
        self._workers = [_Worker() for _ in range(self.workers)]
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        try:
            for worker in self._workers:
                worker.wait_until_ready()
                self._idle.put(worker)
        except BaseException:
            self.close()
            raise

    def transcribe(self, clips: Sequence[DecodedAudio]) -> list[SpeechOutput]:
        cuts = [(number, cut) for number, clip in enumerate(clips) for cut in pieces(clip)]
        decoded = self._recognise_all([clips[number].waveform[start:end] for number, (start, end) in cuts])
        words: list[list[Word]] = [[] for _ in clips]
        for (number, cut), found in zip(cuts, decoded, strict=True):
            first, last = (sample / SAMPLE_RATE for sample in cut)
            words[number] += [
                Word(word.text, first + word.start, min(first + word.end, last), word.probability, word.alternatives)
                for word in found
            ]
        return [transcript_of(clip.stretches, found) for clip, found in zip(clips, words, strict=True)]

    def close(self) -> None:
        """End the processes, even while they decode a piece, without waiting for transcripts."""
        with self._lock:
            self._is_closed = True
        for worker in self._workers:
            worker.end()
        # Nothing is cancelled, because callers that wait for several pieces would not notice. Without processes, all
        # pending pieces fail.
        self._threads.shutdown()

    @property
    def _processes(self) -> set[BaseProcess]:
        return {process for worker in self._workers for process in worker.processes}

    def _recognise_all(self, pieces_of_audio: Sequence[Waveform]) -> list[list[DecodedWord]]:
        """The words of each piece. Few pieces are queued at a time, so that those of other callers are not delayed."""
        futures: list[Future[list[DecodedWord]]] = []
        under_way: set[Future[list[DecodedWord]]] = set()
        for piece in pieces_of_audio:
            if len(under_way) == self.workers:
                _, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            with self._closed_pool_reported():
                futures.append(self._threads.submit(self._recognise_one, piece))
            under_way.add(futures[-1])
        return [answer.result() for answer in futures]

    def _recognise_one(self, piece: Waveform) -> list[DecodedWord]:
        """The words of one piece, decoded by one process; runs in as many threads as there are processes."""
        worker = self._idle.get()
        try:
            for _ in range(2):
                with suppress(BrokenProcessPool), self._closed_pool_reported():
                    return worker.recognise(piece)
                self._start_again(worker)
        finally:
            self._idle.put(worker)
        raise AsrError(
            "A PocketSphinx process was killed twice, usually because memory ran out. Set WORKERS to a smaller number."
        )

    def _start_again(self, worker: "_Worker") -> None:
        with self._lock:  # so that closing ends the new process too
            self._check_open()
            worker.start_again()
        try:
            worker.wait_until_ready()
        except ModelUnavailable:
            self._check_open()
            raise

    @contextmanager
    def _closed_pool_reported(self) -> Iterator[None]:
        """Inside, the error of a pool that was closed meanwhile becomes an `AsrError` that says so."""
        try:
            yield
        except RuntimeError:
            self._check_open()
            raise

    def _check_open(self) -> None:
        if self._is_closed:
            raise AsrError("the speech model is closed, so nothing more is transcribed")


class _Worker:
    """One PocketSphinx process in its own pool, so that its death affects only one piece."""

    def __init__(self) -> None:
        self._start()

    def wait_until_ready(self) -> None:
        """Return when the process has loaded its model."""
        try:
            self._loading.result()
        except BrokenProcessPool as problem:
            raise ModelUnavailable(
                "PocketSphinx could not load its models; install the package pocketsphinx again, or set WORKERS to a "
                "smaller number."
            ) from problem

    def recognise(self, piece: Waveform) -> list[DecodedWord]:
        """The words of a piece; raises `BrokenProcessPool` if the process is or was killed."""
        return self._pool.submit(recognise, piece).result()

    def start_again(self) -> None:
        """Replace a killed process."""
        self._pool.shutdown()
        self._start()

    def end(self) -> None:
        """Terminate the process; only the pool may wait for it."""
        for process in self.processes:
            process.terminate()
        self._pool.shutdown()

    def _start(self) -> None:
        with _STARTING:
            others = set(active_children())
            self._pool = ProcessPoolExecutor(1, get_context("spawn"), initializer=start)
            with _ctrl_c_blocked(), _without_main_program():
                self._loading = self._pool.submit(is_ready)
            self.processes = set(active_children()) - others


def weights_of_the_wheel() -> str:
    """A digest of the models in PocketSphinx's wheel that it loads by default."""
    from pocketsphinx import get_model_path

    folder = Path(get_model_path()) / "en-us"
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "README")
    return weights_digest({path.relative_to(folder).as_posix(): path for path in files})


@contextmanager
def _without_main_program() -> Iterator[None]:
    """Processes that are spawned inside do not import the main program again, as Python does by default.

    They do not need it, and a script without ``if __name__ == "__main__"`` would transcribe again in each process and
    start further processes. Meanwhile, the main module has no location; its other attributes stay for other threads.
    """
    main = sys.modules["__main__"]
    kept: dict[str, object] = {name: vars(main)[name] for name in _MAIN_LOCATION if name in vars(main)}
    vars(main).update(dict.fromkeys(kept))
    try:
        yield
    finally:
        vars(main).update(kept)


@contextmanager
def _ctrl_c_blocked() -> Iterator[None]:
    """Processes that are started inside ignore Ctrl-C, which their parent handles."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

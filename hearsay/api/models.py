"""A loaded model in the Python API: recordings in, answers out, one or a stream of them."""

import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from threading import Semaphore
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

from hearsay.errors import HearsayError
from hearsay.in_order import in_order
from hearsay.results.recordings import Recording, bytes_of, check_rate, each, is_array, name_of
from hearsay.terminal.process import wait_in_turns

if TYPE_CHECKING:
    from concurrent.futures import Future

    from asr.pipeline.scheduler import Limits, Queue
    from asr.settings import AsrSettings
    from asr.types import DecodedAudio

Answer = TypeVar("Answer")
Result = TypeVar("Result")

_DECODERS: Final = 4
"""Recordings that are decoded at the same time, or wait decoded for room in the model's queue."""

_GROUPS: Final = 4
"""How many batches of recordings are in progress at a time, so that the model never waits for files."""


class FallbackWarning(UserWarning):
    """The requested model is not available, and another one is used instead."""


class Closable(Protocol):
    """What holds processes or memory until it is closed."""

    @property
    def name(self) -> str: ...

    @property
    def device(self) -> str: ...

    def close(self) -> None: ...


class LoadedModel(Generic[Answer]):
    """One model behind its own queue. It is also closed when nothing refers to it any more."""

    def __init__(
        self,
        model: Closable,
        run: "Callable[[Sequence[DecodedAudio]], Sequence[Answer]]",
        limits: "Limits",
        max_seconds: float,
        at_once: int,
        submit: "Callable[[Queue[Answer], DecodedAudio], Future[Answer]]",
    ) -> None:
        from asr.pipeline.scheduler import Queue

        self.name = model.name
        self.device = model.device
        self._max_seconds = max_seconds
        self._at_once = at_once
        self._decoding = Semaphore(_DECODERS)
        self._queue = Queue(model.name, run, limits, lambda _: None, limits.threads)
        self._submit = submit
        self._end = weakref.finalize(self, _end, self._queue, model)

    def answer(self, recording: Recording, sampling_rate: float | None) -> tuple[float, Answer]:
        """Seconds of the recording and the model's answer; raises `HearsayError`s that name the recording."""
        check_rate(is_array(recording), sampling_rate)
        try:
            seconds, answer = self._asked(recording, sampling_rate)
            wait_in_turns(answer)
            return round(seconds, 2), answer.result()
        except CancelledError as problem:
            raise HearsayError(
                f"{name_of(recording)}: the model was closed before this recording was processed"
            ) from problem
        except HearsayError as problem:
            _name(problem, name_of(recording))
            raise

    def answers(
        self,
        recordings: Iterable[Recording],
        sampling_rate: float | None,
        made: Callable[[Recording, tuple[float, Answer] | HearsayError], Result],
    ) -> Iterator[Result]:
        """The result for each recording, made from its answer or error, in their order."""

        def work(recording: Recording) -> Result:
            try:
                return made(recording, self.answer(recording, sampling_rate if is_array(recording) else None))
            except HearsayError as problem:
                return made(recording, problem)

        return in_order(work, each(recordings), self._at_once)

    def close(self) -> None:
        self._end()

    def _asked(self, recording: Recording, sampling_rate: float | None) -> "tuple[float, Future[Answer]]":
        """The answer to come. The waveform is left to the queue, which has room for some minutes of sound."""
        from asr.audio.decoding import decode_audio, decode_samples
        from asr.audio.vad import detect_speech
        from asr.types import seconds

        with self._decoding:
            if is_array(recording):
                import numpy as np

                waveform = decode_samples(np.asarray(recording), sampling_rate or 0.0, self._max_seconds)
            else:
                waveform = decode_audio(bytes_of(recording), self._max_seconds)
            return seconds(waveform), self._submit(self._queue, detect_speech(waveform))


def groups_of(clips_at_once: int) -> int:
    """How many recordings are in progress at a time with a model of this batch size."""
    return _GROUPS * clips_at_once


def settings_of(**given: object) -> "AsrSettings":
    """The settings of the environment and ``config.yml``, with those given above them; raises `BadSettings`."""
    from asr.settings import AsrSettings
    from hearsay.config import read_settings

    return read_settings(AsrSettings, **given)


def warn(sentence: str | None) -> None:
    """Say that another model is used than was asked for."""
    if sentence:
        warnings.warn(sentence, FallbackWarning, stacklevel=3)


def _name(problem: HearsayError, name: str) -> None:
    """Let the error's sentence begin with the recording's name, unless it does already."""
    if not str(problem).startswith(name):
        problem.args = (f"{name}: {problem}",)


def _end(queue: Any, model: Closable) -> None:
    queue.close()
    model.close()

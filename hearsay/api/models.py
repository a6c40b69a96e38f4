"""A loaded model in the Python API: recordings in, results out, one or a stream of them."""

import warnings
import weakref
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from threading import Semaphore
from types import TracebackType
from typing import TYPE_CHECKING, Final, Generic, Self, TypeVar

from hearsay.errors import HearsayError
from hearsay.in_order import in_order
from hearsay.results.recordings import Recording, bytes_of, check_rate, each, is_array, name_of
from hearsay.terminal.process import wait_in_turns
from hearsay.terminal.progress import count_of, followed

if TYPE_CHECKING:
    from concurrent.futures import Future

    from asr.pipeline.assembly import QueuedModel
    from asr.settings import AsrSettings

Output = TypeVar("Output")
Outcome = TypeVar("Outcome")

_DECODERS: Final = 4
"""Recordings that are decoded at the same time, or wait decoded for room in the model's queue."""

_GROUPS: Final = 4
"""How many batches of recordings are in progress at a time, so that the model never waits for files."""


class FallbackWarning(UserWarning):
    """The requested model is not available, and another one is used instead."""


class LoadedModel(ABC, Generic[Output, Outcome]):
    """A loaded model; threads may share it.

    Close it, or use it in a ``with`` statement, to free its processes and memory sooner than Python does.
    """

    def __init__(self, model: "QueuedModel[Output]", max_seconds: float) -> None:
        self._model = model
        self._max_seconds = max_seconds
        self._decoding = Semaphore(_DECODERS)
        self._end = weakref.finalize(self, model.close)

    @property
    def name(self) -> str:
        """The model's name, as in results."""
        return self._model.name

    @property
    def device(self) -> str:
        """Where the model runs: for example ``cpu`` or ``cuda``."""
        return self._model.device

    @property
    def warning(self) -> str | None:
        """Why this model is used instead of the requested one; None if it is the requested one."""
        return self._model.warning

    def close(self) -> None:
        """End the model's processes and free its memory; calling it again has no effect."""
        self._end()

    @abstractmethod
    def _result(self, recording: Recording, answer: tuple[float, Output] | HearsayError) -> Outcome:
        """The result for a recording, from its duration in seconds and the model's output, or from the error."""

    def _one(self, recording: Recording, sampling_rate: float | None) -> Outcome:
        """The result for one recording; raises `HearsayError`s that name the recording."""
        check_rate(is_array(recording), sampling_rate)
        try:
            seconds, output = self._submit(recording, sampling_rate)
            wait_in_turns(output)
            return self._result(recording, (round(seconds, 2), output.result()))
        except CancelledError as problem:
            raise HearsayError(
                f"{name_of(recording)}: the model was closed before this recording was processed"
            ) from problem
        except HearsayError as problem:
            if not str(problem).startswith(name_of(recording)):
                problem.args = (f"{name_of(recording)}: {problem}",)
            raise

    def _many(
        self, recordings: Iterable[Recording], sampling_rate: float | None, *, is_shown: bool
    ) -> Iterator[Outcome]:
        """The results for many recordings, in order; a failure affects only its own recording."""

        def work(recording: Recording) -> Outcome:
            try:
                return self._one(recording, sampling_rate if is_array(recording) else None)
            except HearsayError as problem:
                return self._result(recording, problem)

        results = in_order(work, each(recordings), _GROUPS * self._model.clips_at_once)
        return followed(results, count_of(recordings)) if is_shown else results

    def _submit(self, recording: Recording, sampling_rate: float | None) -> "tuple[float, Future[Output]]":
        """The pending output. The queue holds the waveform, and has room for some minutes of audio."""
        from asr.audio.decoding import decode_audio, decode_samples
        from asr.audio.vad import detect_speech
        from asr.types import seconds

        with self._decoding:
            if is_array(recording):
                import numpy as np

                waveform = decode_samples(np.asarray(recording), sampling_rate or 0.0, self._max_seconds)
            else:
                waveform = decode_audio(bytes_of(recording), self._max_seconds)
            return seconds(waveform), self._model.submit(detect_speech(waveform))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r}, device={self.device!r})"


def settings_of(**given: object) -> "AsrSettings":
    """The settings, where arguments override the environment and ``config.yml``; raises `BadSettings`."""
    from asr.settings import AsrSettings
    from hearsay.config import read_settings

    return read_settings(AsrSettings, **given)


def warn(sentence: str | None) -> None:
    """Warn that another model is used instead of the requested one."""
    if sentence:
        warnings.warn(sentence, FallbackWarning, stacklevel=3)

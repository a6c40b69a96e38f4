"""The scheduler: requests of many callers become batches, from a bounded queue in front of each model."""

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from math import ceil
from threading import Condition, Thread, current_thread
from typing import Final, Generic, TypeVar

from asr.audio.samples import release_pages
from asr.errors import AsrError, Busy, ModelFailed
from asr.pipeline.long_form import LongForm, PieceJoiner, Step, cut
from asr.pipeline.validation import check_model_output
from asr.types import (
    DecodedAudio,
    EmotionModel,
    EmotionOutput,
    ModelWithWindows,
    SpeechModel,
    SpeechOutput,
    has_windows,
    seconds,
)

log = logging.getLogger(__name__)

Output = TypeVar("Output")

SECONDS_TO_END: Final = 5.0
"""Seconds for which closing a queue waits for forward passes in progress."""

LONG: Final = 60.0
"""Seconds above which audio has its own queue, so that a short clip does not wait behind an hour of audio."""

CLIPS_OF_A_BATCH: Final = 16
"""Clips that are submitted together to a model that runs in batches."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of each queue, in seconds: of audio per batch with padding, of waiting audio, and of gathering a batch.

    ``batch_seconds`` of 0 means one clip per batch. ``threads`` call the model concurrently, so that the model runs
    while another thread processes its outputs. ``long_threads`` do so for long recordings.
    """

    batch_seconds: float = 30.0
    waiting_seconds: float = 600.0
    gathering_seconds: float = 0.01
    threads: int = 2
    long_threads: int = 1

    @property
    def clips_at_once(self) -> int:
        """The number of clips to submit together: many if they are batched, or else one per thread."""
        return CLIPS_OF_A_BATCH if self.batch_seconds else self.threads


@dataclass(frozen=True, slots=True)
class BatchStats:
    """A processed batch: the model, the seconds of each clip, the longest wait, and the seconds of the forward pass."""

    model: str
    lengths: tuple[float, ...]
    waited: float
    took: float


@dataclass(slots=True, eq=False)
class _Recording:
    """State that the pieces of a recording share: whether the model has started with one of them."""

    has_begun: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Request(Generic[Output]):
    audio: DecodedAudio
    recording: _Recording
    future: Future[Output] = field(default_factory=Future)
    since: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return seconds(self.audio.waveform)


class Queue(Generic[Output]):
    """The audio that waits for one model, and the threads that run the model on batches of similar lengths.

    A batch consists of the request that has waited longest and of those nearest to it in length. With ``windows``, it
    consists of those with the same window, and of no more than the model computes together.
    """

    def __init__(
        self,
        name: str,
        model: Callable[[Sequence[DecodedAudio]], Sequence[Output]],
        limits: Limits,
        on_batch: Callable[[BatchStats], None],
        threads: int,
        windows: ModelWithWindows | None = None,
    ) -> None:
        self._name = name
        self._model = model
        self._limits = limits
        self._on_batch = on_batch
        self._windows = windows
        self._changed = Condition()
        self._waiting: list[_Request[Output]] = []
        self._is_closed = False
        self._pace = 1.0  # seconds of audio per second, a moving average over batches
        self._threads = [Thread(target=self._work, name=f"model {name}", daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    @property
    def waiting_seconds(self) -> float:
        """Seconds of audio in the queue."""
        with self._changed:
            return self._seconds()

    def submit(self, audio: DecodedAudio, *, is_blocking: bool = False) -> "Future[Output]":
        """The model's output for the audio, as a future; a cancelled request is not processed.

        If the queue is full, the call waits if ``is_blocking``, and raises `Busy` otherwise.
        """
        return self.submit_all([audio], is_blocking=is_blocking)[0]

    def submit_all(self, parts: Sequence[DecodedAudio], *, is_blocking: bool = False) -> "list[Future[Output]]":
        """The same for several parts that belong together: either all are accepted, or none."""
        recording = _Recording()
        coming: list[_Request[Output]] = [_Request(part, recording) for part in parts]
        seconds = sum(request.seconds for request in coming)
        with self._changed:
            while not self._is_closed and not self._has_room(seconds):
                if not is_blocking:
                    raise Busy(ceil(self._seconds() / self._pace))
                self._changed.wait()
            if self._is_closed:
                raise AsrError("the models are closed, so nothing more is processed")
            self._waiting += coming
            self._changed.notify_all()
        return [request.future for request in coming]

    def close(self) -> None:
        """Accept no more requests, cancel those that wait, and wait `SECONDS_TO_END` for passes in progress.

        A thread that is inside a C++ library when Python exits would abort the process.
        """
        with self._changed:
            self._is_closed = True
            for request in self._waiting:
                request.future.cancel()
            self._changed.notify_all()
        last = time.monotonic() + SECONDS_TO_END
        for thread in self._threads:
            if thread is not current_thread():
                thread.join(max(0.0, last - time.monotonic()))

    def _seconds(self) -> float:
        return sum(request.seconds for request in self._waiting)

    def _has_room(self, seconds: float) -> bool:
        """Whether there is room. Audio longer than the queue may wait alone; the rest of a started one is free."""
        self._waiting = [request for request in self._waiting if not request.future.cancelled()]
        waits = sum(request.seconds for request in self._waiting if not request.recording.has_begun)
        return not waits or waits + seconds <= self._limits.waiting_seconds

    def _work(self) -> None:
        while batch := self._next_batch():
            began = time.monotonic()
            self._run_batch(batch)
            took = time.monotonic() - began
            lengths = tuple(request.seconds for request in batch)
            self._pace = (self._pace + sum(lengths) / max(took, 1e-6)) / 2
            self._on_batch(BatchStats(self._name, lengths, began - min(request.since for request in batch), took))
            batch.clear()  # do not keep an hour of audio in memory until the next batch

    def _next_batch(self) -> "list[_Request[Output]]":
        """Wait for the next batch; empty when the queue is closed."""
        with self._changed:
            while not self._is_closed:
                if not self._waiting:
                    self._changed.wait()
                elif (left := self._gathering_left()) > 0:
                    self._changed.wait(left)
                else:
                    batch = self._take_batch()
                    self._changed.notify_all()  # also if all were cancelled, since the queue has room now
                    if batch:
                        return batch
        return []

    def _gathering_left(self) -> float:
        """Seconds that the first request may still wait for others; 0 if a whole batch is waiting."""
        if self._seconds() >= self._limits.batch_seconds:
            return 0.0
        return self._waiting[0].since + self._limits.gathering_seconds - time.monotonic()

    def _take_batch(self) -> "list[_Request[Output]]":
        """Remove the next batch from the queue, without cancelled requests."""
        first = self._waiting[0]
        alike = self._waiting
        if self._windows is not None:
            window = self._windows.window(first.audio)
            alike = [other for other in alike if self._windows.window(other.audio) == window]
            alike = alike[: self._windows.clips_together]
        batch: list[_Request[Output]] = []
        longest = 0.0
        for request in sorted(alike, key=lambda other: abs(other.seconds - first.seconds)):
            longest = max(longest, request.seconds)
            if batch and longest * (len(batch) + 1) > self._limits.batch_seconds:
                break
            self._waiting.remove(request)
            request.recording.has_begun = True
            if request.future.set_running_or_notify_cancel():
                batch.append(request)
        return batch

    def _run_batch(self, batch: "Sequence[_Request[Output]]") -> None:
        """Run the model on a batch and set the results. If it fails, each clip is run alone.

        A model may fail with any exception of its libraries.
        """
        try:
            outputs = self._model([request.audio for request in batch])
        except Exception as problem:
            log.exception("model failed on a batch", extra={"clips": len(batch), "model": self._name})
            if len(batch) == 1:
                reason = ModelFailed(f"the model failed: {problem or type(problem).__name__}")
                batch[0].future.set_exception(reason)
            else:
                for request in batch:
                    self._run_batch([request])
        else:
            for request, output in zip(batch, outputs, strict=True):
                try:
                    check_model_output(output)
                except ModelFailed as problem:
                    log.exception("model gave no usable result", extra={"model": self._name})
                    request.future.set_exception(problem)
                else:
                    request.future.set_result(output)
        for request in batch:
            release_pages(request.audio.waveform)


@dataclass(frozen=True, slots=True, eq=False)
class PendingTranscript:
    """The transcript of a recording, and those of its pieces, in order. Cancel ``whole``, and no other piece begins."""

    pieces: "Sequence[Future[SpeechOutput]]"
    whole: "Future[SpeechOutput]"


def submit_pieces(
    queue: Queue[SpeechOutput], whole: LongForm, audio: DecodedAudio, *, is_blocking: bool, step: Step = lambda *_: None
) -> PendingTranscript:
    """The transcript of a recording as a future, from a speech model's queue, piece by piece."""
    if whole.is_whole:
        transcript = queue.submit(audio, is_blocking=is_blocking)
        return PendingTranscript((transcript,), transcript)
    parts = [audio.part(start, end) for start, end in whole.pieces]
    answers = queue.submit_all(parts, is_blocking=is_blocking)
    return PendingTranscript(answers, PieceJoiner(whole, answers, step).transcript)


class Scheduler:
    """The models in parallel, each with a queue for short clips and one for long ones; threads may share it.

    ``second_model`` transcribes clips, too, independently of the speech model, with limits of its own. Speech models
    get long recordings in pieces, so that a failure affects one piece, and no clip waits for all.
    """

    def __init__(
        self,
        speech_model: SpeechModel,
        emotion_model: EmotionModel,
        limits: Limits | None = None,
        on_batch: Callable[[BatchStats], None] = lambda _: None,
        second_model: SpeechModel | None = None,
        second_limits: Limits | None = None,
    ) -> None:
        self.speech_model = speech_model
        self.emotion_model = emotion_model
        self.second_model = second_model
        self._limits = limits = limits or Limits()

        def queues(
            name: str,
            model: Callable[[Sequence[DecodedAudio]], Sequence[Output]],
            windows: ModelWithWindows | None = None,
            limits: Limits = limits,
        ) -> _Queues[Output]:
            short = Queue(name, model, limits, on_batch, limits.threads, windows)
            return _Queues(short, Queue(name, model, limits, on_batch, limits.long_threads, windows))

        def speech_queues(model: SpeechModel, limits: Limits) -> _Queues[SpeechOutput]:
            return queues(model.name, model.transcribe, model if has_windows(model) else None, limits)

        self._speech = speech_queues(speech_model, limits)
        self._emotion = queues(emotion_model.name, emotion_model.tag)
        self._second = speech_queues(second_model, second_limits or limits) if second_model else None

    @property
    def clips_at_once(self) -> int:
        """The number of clips to submit together."""
        return self._limits.clips_at_once

    def transcript(self, audio: DecodedAudio) -> "Future[SpeechOutput]":
        """The transcript as a future; raises `Busy` if the queue is full."""
        return self.transcript_of(cut(audio), audio)

    def transcript_of(
        self, whole: LongForm, audio: DecodedAudio, *, is_blocking: bool = False, step: Step = lambda *_: None
    ) -> "Future[SpeechOutput]":
        """The same for a recording that is already cut; a call that ``is_blocking`` waits for room instead.

        ``step`` is called after each piece of a long recording.
        """
        return submit_pieces(self._speech.of(audio), whole, audio, is_blocking=is_blocking, step=step).whole

    def second_transcript_of(
        self, whole: LongForm, audio: DecodedAudio, *, is_blocking: bool = False, step: Step = lambda *_: None
    ) -> "Future[SpeechOutput]":
        """The same by the second model, which there must be."""
        if self._second is None:
            raise ValueError("this scheduler has no second model")
        return submit_pieces(self._second.of(audio), whole, audio, is_blocking=is_blocking, step=step).whole

    def transcript_in_pieces(self, audio: DecodedAudio) -> PendingTranscript:
        """The transcript with those of the pieces, for a caller that reads them as they finish; raises `Busy`."""
        return submit_pieces(self._speech.of(audio), cut(audio), audio, is_blocking=False)

    def emotion(self, audio: DecodedAudio, *, is_blocking: bool = False) -> "Future[EmotionOutput]":
        """The emotion as a future; raises `Busy` likewise."""
        return self._emotion.of(audio).submit(audio, is_blocking=is_blocking)

    def waiting_seconds(self) -> dict[str, float]:
        """Seconds of audio in the queues of each model, by its name."""
        waiting = {
            self.speech_model.name: self._speech.waiting_seconds(),
            self.emotion_model.name: self._emotion.waiting_seconds(),
        }
        if self.second_model and self._second:
            waiting[self.second_model.name] = self._second.waiting_seconds()
        return waiting

    def close(self) -> None:
        """Accept no more requests, and release the models; may be called twice."""
        self._speech.close()
        self._emotion.close()
        self.speech_model.close()
        self.emotion_model.close()
        if self.second_model and self._second:
            self._second.close()
            self.second_model.close()


@dataclass(frozen=True, slots=True)
class _Queues(Generic[Output]):
    short: Queue[Output]
    long: Queue[Output]

    def of(self, audio: DecodedAudio) -> Queue[Output]:
        return self.long if seconds(audio.waveform) > LONG else self.short

    def waiting_seconds(self) -> float:
        return self.short.waiting_seconds + self.long.waiting_seconds

    def close(self) -> None:
        self.short.close()
        self.long.close()

"""The scheduler: what many callers want heard becomes batches, from a bounded queue in front of each model."""

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from math import ceil
from threading import Condition, Thread
from typing import Final, Generic, TypeVar

from asr.audio.decoding import SAMPLE_RATE
from asr.errors import AsrError, Busy, ModelFailed
from asr.inference.finite import check_result
from asr.pipeline.pieces import Cut, Joining, Step, cut
from asr.types import Emotion, EmotionTagger, Transcriber, Transcript, Waveform

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

LONG: Final = 60.0
"""Seconds from which on sound waits in a queue of its own, so that nobody waits behind an hour of somebody else's."""

CLIPS_OF_A_BATCH: Final = 16
"""Clips that are brought together where the models hear them together."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of each queue: seconds of a batch with its padding, of sound that may wait, and of waiting for company.

    A batch of 0 seconds is one sound. Several ``threads`` call a model: while one writes down what its batch said, the
    model hears the other's. ``long_threads`` do so for long recordings.
    """

    batch_seconds: float = 30.0
    waiting_seconds: float = 600.0
    company_seconds: float = 0.01
    threads: int = 2
    long_threads: int = 1

    @property
    def clips_at_once(self) -> int:
        """Clips that are best brought together: many where they are batched, else one for each thread."""
        return CLIPS_OF_A_BATCH if self.batch_seconds else self.threads


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that was heard: by which model, how long each sound is, how long the first waited, and what it took."""

    model: str
    lengths: tuple[float, ...]
    waited: float
    took: float


@dataclass(slots=True, eq=False)
class _Recording:
    """What the pieces of one recording have in common: whether the model got the first of them."""

    has_begun: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting(Generic[Answer]):
    waveform: Waveform
    recording: _Recording
    answer: Future[Answer] = field(default_factory=Future)
    since: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return len(self.waveform) / SAMPLE_RATE


class Queue(Generic[Answer]):
    """Sound that waits for one model, and the threads that take it there in batches of about equal lengths.

    A batch is the sound that has waited longest, and what waits beside it and is nearest to it in length.
    """

    def __init__(
        self,
        name: str,
        model: Callable[[Sequence[Waveform]], Sequence[Answer]],
        limits: Limits,
        told: Callable[[Batch], None],
        threads: int,
    ) -> None:
        self._name = name
        self._model = model
        self._limits = limits
        self._told = told
        self._changed = Condition()
        self._waiting: list[_Waiting[Answer]] = []
        self._is_closed = False
        self._pace = 1.0  # seconds of sound a second, as the last batches had it
        self._threads = [Thread(target=self._work, name=f"hearing by {name}", daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    @property
    def waiting_seconds(self) -> float:
        """Seconds of sound that wait."""
        with self._changed:
            return self._seconds()

    def submit(self, waveform: Waveform, *, is_patient: bool = False) -> "Future[Answer]":
        """What the model will say of it; cancel it, and it is not heard.

        Where the queue is full, who is patient waits for room, and others have `Busy`.
        """
        return self.submit_all([waveform], is_patient=is_patient)[0]

    def submit_all(self, waveforms: Sequence[Waveform], *, is_patient: bool = False) -> "list[Future[Answer]]":
        """The same for several that belong together: there is room for all of them, or they are not taken."""
        recording = _Recording()
        coming: list[_Waiting[Answer]] = [_Waiting(waveform, recording) for waveform in waveforms]
        seconds = sum(waiting.seconds for waiting in coming)
        with self._changed:
            while not self._is_closed and not self._has_room(seconds):
                if not is_patient:
                    raise Busy(ceil(self._seconds() / self._pace))
                self._changed.wait()
            if self._is_closed:
                raise AsrError("nothing is heard any more: the models are closed")
            self._waiting += coming
            self._changed.notify_all()
        return [waiting.answer for waiting in coming]

    def close(self) -> None:
        """Take nothing any more; what waits is cancelled, what is being heard is heard to its end."""
        with self._changed:
            self._is_closed = True
            for waiting in self._waiting:
                waiting.answer.cancel()
            self._changed.notify_all()

    def _seconds(self) -> float:
        return sum(waiting.seconds for waiting in self._waiting)

    def _has_room(self, seconds: float) -> bool:
        """Sound longer than the whole queue may wait alone. The rest of a recording under way does not count."""
        self._waiting = [waiting for waiting in self._waiting if not waiting.answer.cancelled()]
        waits = sum(waiting.seconds for waiting in self._waiting if not waiting.recording.has_begun)
        return not waits or waits + seconds <= self._limits.waiting_seconds

    def _work(self) -> None:
        while batch := self._next_batch():
            began = time.monotonic()
            self._answer(batch)
            took = time.monotonic() - began
            lengths = tuple(waiting.seconds for waiting in batch)
            self._pace = (self._pace + sum(lengths) / max(took, 1e-6)) / 2
            self._told(Batch(self._name, lengths, began - min(waiting.since for waiting in batch), took))
            batch.clear()  # an hour of sound is not kept until the next one comes

    def _next_batch(self) -> "list[_Waiting[Answer]]":
        """Waits for one; empty when the queue is closed."""
        with self._changed:
            while not self._is_closed:
                if not self._waiting:
                    self._changed.wait()
                elif (left := self._company_left()) > 0:
                    self._changed.wait(left)
                else:
                    batch = self._taken()
                    self._changed.notify_all()  # also where all of them gave up: there is room
                    if batch:
                        return batch
        return []

    def _company_left(self) -> float:
        """Seconds that the first may still wait for others; none where a whole batch waits already."""
        if self._seconds() >= self._limits.batch_seconds:
            return 0.0
        return self._waiting[0].since + self._limits.company_seconds - time.monotonic()

    def _taken(self) -> "list[_Waiting[Answer]]":
        """The next batch, taken out of what waits; who gave up is dropped on the way."""
        first = self._waiting[0].seconds
        batch: list[_Waiting[Answer]] = []
        longest = 0.0
        for waiting in sorted(self._waiting, key=lambda other: abs(other.seconds - first)):
            longest = max(longest, waiting.seconds)
            if batch and longest * (len(batch) + 1) > self._limits.batch_seconds:
                break
            self._waiting.remove(waiting)
            waiting.recording.has_begun = True
            if waiting.answer.set_running_or_notify_cancel():
                batch.append(waiting)
        return batch

    def _answer(self, batch: "Sequence[_Waiting[Answer]]") -> None:
        """Answer a batch; one sound that the model fails on takes no other along.

        A model may fail in any way a library can.
        """
        try:
            answers = self._model([waiting.waveform for waiting in batch])
        except Exception as problem:
            log.exception("model failed on a batch", extra={"clips": len(batch), "model": self._name})
            if len(batch) == 1:
                reason = ModelFailed(f"the model failed: {problem or type(problem).__name__}")
                batch[0].answer.set_exception(reason)
            else:
                for waiting in batch:
                    self._answer([waiting])
        else:
            for waiting, answer in zip(batch, answers, strict=True):
                self._hand_over(waiting, answer)

    def _hand_over(self, waiting: "_Waiting[Answer]", answer: Answer) -> None:
        try:
            check_result(answer)
        except ModelFailed as problem:
            log.exception("model gave no usable result", extra={"model": self._name})
            waiting.answer.set_exception(problem)
        else:
            waiting.answer.set_result(answer)


def submit_pieces(
    queue: Queue[Transcript], whole: Cut, waveform: Waveform, *, is_patient: bool, step: Step = lambda *_: None
) -> "Future[Transcript]":
    """What a speech model's queue will say of a recording, piece by piece."""
    if whole.is_whole:
        return queue.submit(waveform, is_patient=is_patient)
    sounds = [waveform[start:end] for start, end in whole.pieces]
    return Joining(whole, queue.submit_all(sounds, is_patient=is_patient), step).transcript


class Scheduler:
    """Both models, side by side, each with a queue for short sound and one for long; threads may share it.

    The speech model gets long recordings in pieces, so that one it fails on costs no other, and none waits behind all.
    """

    def __init__(
        self,
        transcriber: Transcriber,
        tagger: EmotionTagger,
        limits: Limits | None = None,
        told: Callable[[Batch], None] = lambda _: None,
    ) -> None:
        self.transcriber = transcriber
        self.tagger = tagger
        self._limits = limits = limits or Limits()

        def queues(name: str, model: Callable[[Sequence[Waveform]], Sequence[Answer]]) -> _Queues[Answer]:
            short = Queue(name, model, limits, told, limits.threads)
            return _Queues(short, Queue(name, model, limits, told, limits.long_threads))

        self._speech = queues(transcriber.name, transcriber.transcribe)
        self._emotion = queues(tagger.name, tagger.tag)

    @property
    def clips_at_once(self) -> int:
        """Clips that are best brought together."""
        return self._limits.clips_at_once

    def transcript(self, waveform: Waveform, *, is_patient: bool = False) -> "Future[Transcript]":
        """What was said; raises `Busy` where too much waits already and the caller is not patient."""
        return self.transcript_of(cut(waveform), waveform, is_patient=is_patient)

    def transcript_of(
        self, whole: Cut, waveform: Waveform, *, is_patient: bool = False, step: Step = lambda *_: None
    ) -> "Future[Transcript]":
        """The same of a recording that is cut already; ``step`` is called after each piece of a long one."""
        return submit_pieces(self._speech.of(waveform), whole, waveform, is_patient=is_patient, step=step)

    def emotion(self, waveform: Waveform, *, is_patient: bool = False) -> "Future[Emotion]":
        """How it was said; raises `Busy` likewise."""
        return self._emotion.of(waveform).submit(waveform, is_patient=is_patient)

    def waiting_seconds(self) -> dict[str, float]:
        """Seconds of sound that wait for each model, by its name."""
        return {
            self.transcriber.name: self._speech.waiting_seconds(),
            self.tagger.name: self._emotion.waiting_seconds(),
        }

    def close(self) -> None:
        """Take nothing any more, and give back what the models hold; closing twice is once."""
        self._speech.close()
        self._emotion.close()
        self.transcriber.close()
        self.tagger.close()


@dataclass(frozen=True, slots=True)
class _Queues(Generic[Answer]):
    short: Queue[Answer]
    long: Queue[Answer]

    def of(self, waveform: Waveform) -> Queue[Answer]:
        return self.long if len(waveform) > LONG * SAMPLE_RATE else self.short

    def waiting_seconds(self) -> float:
        return self.short.waiting_seconds + self.long.waiting_seconds

    def close(self) -> None:
        self.short.close()
        self.long.close()

"""The scheduler: batches of similar lengths from bounded queues; no clip is lost, mixed up or blocked by others."""

import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import suppress

import numpy as np
import pytest

from asr.audio.vad import detect_speech
from asr.errors import AsrError, Busy, ModelFailed
from asr.pipeline.scheduler import LONG, BatchStats, Limits, Queue, Scheduler
from asr.types import SAMPLE_RATE, DecodedAudio, ModelWithWindows, SpeechOutput
from tests.support.models import LengthSpeechModel, LoudnessEmotionModel

TIMEOUT = 100.0


def clip_of(seconds: float) -> DecodedAudio:
    return detect_speech(np.full(int(seconds * SAMPLE_RATE), 0.25, np.float32))


def samples_of(clips: Sequence[DecodedAudio]) -> list[int]:
    return [len(clip.waveform) for clip in clips]


class HeldModel:
    """A model that returns the seconds of each clip, one batch at a time, when the test allows it."""

    def __init__(self) -> None:
        self.batches: list[list[float]] = []
        self.started = threading.Semaphore(0)
        self.permits = threading.Semaphore(0)

    def __call__(self, clips: Sequence[DecodedAudio]) -> list[float]:
        lengths = [len(clip.waveform) / SAMPLE_RATE for clip in clips]
        self.batches.append(lengths)
        self.started.release()
        assert self.permits.acquire(timeout=TIMEOUT)
        if 6.66 in lengths:
            raise RuntimeError("out of memory")
        return lengths


@pytest.fixture
def held() -> HeldModel:
    return HeldModel()


@pytest.fixture
def queue(held: HeldModel) -> Iterator[Callable[..., Queue[float]]]:
    """Opens queues for the model, with one thread each; they are closed after the test."""
    opened: list[Queue[float]] = []

    def open_one(
        on_batch: Callable[[BatchStats], None] = lambda _: None,
        windows: ModelWithWindows | None = None,
        **limits: float,
    ) -> Queue[float]:
        opened.append(Queue("held", held, Limits(**limits), on_batch, 1, windows))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()
    held.permits.release(1000)


def occupy(queue: Queue[float], held: HeldModel) -> None:
    """Occupy the model's thread with a clip of one second, so that further requests wait."""
    queue.submit(clip_of(1))
    assert held.started.acquire(timeout=TIMEOUT)


def test_a_batch_has_the_oldest_request_and_the_requests_nearest_to_it_in_length(
    queue: Callable[..., Queue[float]], held: HeldModel
):
    opened = queue(batch_seconds=10)
    occupy(opened, held)
    futures = [opened.submit(clip_of(seconds)) for seconds in (3, 8, 2.5, 9, 3.3, 7)]
    held.permits.release(1000)
    assert [future.result(TIMEOUT) for future in futures] == [3, 8, 2.5, 9, 3.3, 7]
    assert held.batches == [[1], [3, 3.3, 2.5], [8], [9], [7]]


def test_a_batch_with_its_padding_is_no_longer_than_its_limit(queue: Callable[..., Queue[float]], held: HeldModel):
    opened = queue(batch_seconds=20, waiting_seconds=1000)
    occupy(opened, held)
    lengths = np.random.default_rng(1).uniform(0.5, 25, 60).round(2)
    futures = [opened.submit(clip_of(seconds)) for seconds in lengths]
    held.permits.release(1000)
    wait_for(futures, TIMEOUT)
    assert sorted(round(length, 2) for batch in held.batches[1:] for length in batch) == sorted(lengths)
    assert all(max(batch) * len(batch) <= 20 or len(batch) == 1 for batch in held.batches)
    assert max(map(len, held.batches)) > 3


class WholeSeconds(LengthSpeechModel):
    """A model that computes clips of the same whole seconds together, two at a time."""

    clips_together = 2

    def window(self, clip: DecodedAudio) -> int:
        return len(clip.waveform) // SAMPLE_RATE


def test_a_model_with_windows_gets_clips_of_one_window(queue: Callable[..., Queue[float]], held: HeldModel):
    waiting = queue(windows=WholeSeconds())
    occupy(waiting, held)
    futures = [waiting.submit(clip_of(length)) for length in (2.75, 3, 2.25, 2.5, 3.75, 8)]
    held.permits.release(9)
    assert [future.result(TIMEOUT) for future in futures] == [2.75, 3, 2.25, 2.5, 3.75, 8]
    assert held.batches == [[1], [2.75, 2.25], [3, 3.75], [2.5], [8]]


def test_a_batch_limit_of_0_seconds_means_one_clip_per_batch(queue: Callable[..., Queue[float]], held: HeldModel):
    opened = queue(batch_seconds=0)
    occupy(opened, held)
    futures = [opened.submit(clip_of(2)) for _ in range(3)]
    held.permits.release(1000)
    wait_for(futures, TIMEOUT)
    assert held.batches == [[1], [2], [2], [2]]


def test_requests_within_the_gathering_time_share_a_batch(queue: Callable[..., Queue[float]], held: HeldModel):
    opened = queue(gathering_seconds=TIMEOUT, batch_seconds=9)
    first, second = opened.submit(clip_of(4)), opened.submit(clip_of(4))
    assert not held.started.acquire(timeout=0.05)
    third = opened.submit(clip_of(4))
    held.permits.release(1000)
    assert first.result(TIMEOUT) == second.result(TIMEOUT) == 4
    assert held.batches[0] == [4, 4]
    third.cancel()


def test_a_cancelled_request_is_not_processed(queue: Callable[..., Queue[float]], held: HeldModel):
    opened = queue()
    occupy(opened, held)
    cancelled, remaining = opened.submit(clip_of(2)), opened.submit(clip_of(3))
    assert cancelled.cancel()
    held.permits.release(1000)
    assert remaining.result(TIMEOUT) == 3
    assert held.batches == [[1], [3]]


def test_a_full_queue_rejects_requests_with_a_retry_time(queue: Callable[..., Queue[float]], held: HeldModel):
    opened = queue(waiting_seconds=10)
    occupy(opened, held)
    opened.submit(clip_of(6))
    with pytest.raises(Busy, match=r"retry in \d+ s") as busy:
        opened.submit(clip_of(5))
    assert busy.value.retry_seconds >= 1
    opened.submit(clip_of(4))
    assert opened.waiting_seconds == 10


def test_a_cancelled_request_frees_its_room_in_the_queue(queue: Callable[..., Queue[float]], held: HeldModel):
    opened = queue(waiting_seconds=10)
    occupy(opened, held)
    opened.submit(clip_of(9)).cancel()
    opened.submit(clip_of(8))
    assert opened.waiting_seconds == 8


def test_blocking_submissions_wait_for_room(queue: Callable[..., Queue[float]], held: HeldModel):
    opened = queue(waiting_seconds=10)
    occupy(opened, held)
    lengths = [2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    with ThreadPoolExecutor(len(lengths)) as callers:
        futures = [
            callers.submit(lambda seconds=seconds: opened.submit(clip_of(seconds), is_blocking=True).result(TIMEOUT))
            for seconds in lengths
        ]
        held.permits.release(1000)
        assert [future.result(TIMEOUT) for future in futures] == lengths


def test_a_blocked_submission_proceeds_when_another_request_is_cancelled(
    queue: Callable[..., Queue[float]], held: HeldModel
):
    opened = queue(waiting_seconds=10)
    occupy(opened, held)
    cancelled = opened.submit(clip_of(9))
    with ThreadPoolExecutor(1) as callers:
        blocked = callers.submit(lambda: opened.submit(clip_of(2), is_blocking=True).result(TIMEOUT))
        with suppress(TimeoutError):
            blocked.result(0.1)  # so that it waits for room
        cancelled.cancel()
        held.permits.release(1000)
        assert blocked.result(TIMEOUT) == 2


def test_audio_longer_than_the_queue_is_accepted_if_the_queue_is_empty(
    queue: Callable[..., Queue[float]], held: HeldModel
):
    opened = queue(waiting_seconds=10)
    occupy(opened, held)
    future = opened.submit(clip_of(11))
    with pytest.raises(Busy):
        opened.submit(clip_of(1))
    held.permits.release(1000)
    assert future.result(TIMEOUT) == 11


def test_a_model_failure_on_one_clip_does_not_affect_its_batch(queue: Callable[..., Queue[float]], held: HeldModel):
    opened = queue()
    occupy(opened, held)
    futures = [opened.submit(clip_of(seconds)) for seconds in (6, 6.66, 7)]
    held.permits.release(1000)
    assert futures[0].result(TIMEOUT) == 6
    with pytest.raises(ModelFailed, match="out of memory"):
        futures[1].result(TIMEOUT)
    assert futures[2].result(TIMEOUT) == 7


def test_a_processed_batch_is_reported(queue: Callable[..., Queue[float]], held: HeldModel):
    on_batch: list[BatchStats] = []
    opened = queue(on_batch.append)
    held.permits.release(1000)
    opened.submit(clip_of(2)).result(TIMEOUT)
    opened.submit(clip_of(3)).result(TIMEOUT)
    opened.close()
    assert [(batch.model, batch.lengths) for batch in on_batch][:1] == [("held", (2.0,))]
    assert all(batch.took >= 0 and batch.waited >= 0 for batch in on_batch)


def test_closing_cancels_waiting_requests_and_rejects_new_ones(queue: Callable[..., Queue[float]], held: HeldModel):
    opened = queue()
    occupy(opened, held)
    waiting = opened.submit(clip_of(2))
    opened.close()
    with pytest.raises(CancelledError):
        waiting.result(TIMEOUT)
    with pytest.raises(AsrError, match="closed"):
        opened.submit(clip_of(2))


def test_both_models_process_the_same_audio(request: pytest.FixtureRequest):
    scheduler = Scheduler(LengthSpeechModel(), LoudnessEmotionModel())
    request.addfinalizer(scheduler.close)
    lengths = [0.5, 3.0, LONG + 1, 2.0, 0.5]
    transcripts = [scheduler.transcript(clip_of(seconds)) for seconds in lengths]
    emotions = [scheduler.emotion(clip_of(seconds)) for seconds in lengths]
    samples = [sum(map(int, future.result(TIMEOUT).text.split())) for future in transcripts]  # one per piece
    assert samples == [int(seconds * SAMPLE_RATE) for seconds in lengths]
    assert {future.result(TIMEOUT).label for future in emotions} == {"uncertain"}
    assert scheduler.waiting_seconds() == {"length": 0.0, "loudness": 0.0}


def test_a_short_clip_does_not_wait_behind_long_recordings(request: pytest.FixtureRequest):
    may_finish = threading.Event()

    class Slow(LengthSpeechModel):
        def transcribe(self, clips: Sequence[DecodedAudio]) -> list[SpeechOutput]:
            if any(len(clip.waveform) > SAMPLE_RATE for clip in clips):
                assert may_finish.wait(TIMEOUT)
            return super().transcribe(clips)

    scheduler = Scheduler(Slow(), LoudnessEmotionModel())
    request.addfinalizer(scheduler.close)
    long = [scheduler.transcript(clip_of(LONG + seconds)) for seconds in (1, 2, 3)]
    assert scheduler.transcript(clip_of(1)).result(TIMEOUT).text == "16000"
    assert not any(future.done() for future in long)
    may_finish.set()
    assert [len(future.result(TIMEOUT).words) for future in long] == [3, 3, 3]


def test_closing_closes_the_models():
    speech_model = LengthSpeechModel()
    scheduler = Scheduler(speech_model, LoudnessEmotionModel())
    scheduler.close()
    scheduler.close()
    assert speech_model.is_closed


def test_processed_audio_is_released_before_the_next_request():
    queue = Queue("length", samples_of, Limits(), lambda _: None, 1)
    audio = clip_of(1)
    kept = weakref.ref(audio.waveform)
    assert queue.submit(audio).result(TIMEOUT) == SAMPLE_RATE
    del audio
    deadline = time.monotonic() + TIMEOUT
    while kept() is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    queue.close()


def test_closing_a_queue_waits_for_the_forward_pass_in_progress():
    begun, ended = threading.Event(), threading.Event()

    def transcribe(clips: Sequence[DecodedAudio]) -> list[int]:
        begun.set()
        time.sleep(0.3)  # with torch, a thread that is here when Python exits would abort the process
        ended.set()
        return samples_of(clips)

    queue = Queue("slow", transcribe, Limits(), lambda _: None, 1)
    future = queue.submit(clip_of(1))
    assert begun.wait(TIMEOUT)
    queue.close()
    assert ended.is_set()
    assert future.result(TIMEOUT) == SAMPLE_RATE

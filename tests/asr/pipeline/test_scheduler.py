"""The scheduler: batches of about equal lengths from a bounded queue, nobody's sound lost, mixed up or in the way."""

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

PATIENCE = 100.0


def sound(seconds: float) -> DecodedAudio:
    return detect_speech(np.full(int(seconds * SAMPLE_RATE), 0.25, np.float32))


def samples_of(clips: Sequence[DecodedAudio]) -> list[int]:
    return [len(clip.waveform) for clip in clips]


class Held:
    """A model that returns the seconds of each clip, one batch at a time, when the test allows it."""

    def __init__(self) -> None:
        self.batches: list[list[float]] = []
        self.is_at_work = threading.Semaphore(0)
        self.may_go_on = threading.Semaphore(0)

    def __call__(self, clips: Sequence[DecodedAudio]) -> list[float]:
        lengths = [len(clip.waveform) / SAMPLE_RATE for clip in clips]
        self.batches.append(lengths)
        self.is_at_work.release()
        assert self.may_go_on.acquire(timeout=PATIENCE)
        if 6.66 in lengths:
            raise RuntimeError("out of memory")
        return lengths


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
def queue(held: Held) -> Iterator[Callable[..., Queue[float]]]:
    """Queues before that model, with one thread; each ends with the test."""
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
    held.may_go_on.release(1000)


def at_work(queue: Queue[float], held: Held) -> None:
    """Let the model's thread be busy with one second of sound, so that what comes now waits."""
    queue.submit(sound(1))
    assert held.is_at_work.acquire(timeout=PATIENCE)


def test_the_first_that_waits_is_transcribed_with_those_nearest_to_it_in_length(
    queue: Callable[..., Queue[float]], held: Held
):
    opened = queue(batch_seconds=10)
    at_work(opened, held)
    answers = [opened.submit(sound(seconds)) for seconds in (3, 8, 2.5, 9, 3.3, 7)]
    held.may_go_on.release(1000)
    assert [answer.result(PATIENCE) for answer in answers] == [3, 8, 2.5, 9, 3.3, 7]
    assert held.batches == [[1], [3, 3.3, 2.5], [8], [9], [7]]


def test_a_batch_with_its_padding_is_no_longer_than_its_limit(queue: Callable[..., Queue[float]], held: Held):
    opened = queue(batch_seconds=20, waiting_seconds=1000)
    at_work(opened, held)
    lengths = np.random.default_rng(1).uniform(0.5, 25, 60).round(2)
    answers = [opened.submit(sound(seconds)) for seconds in lengths]
    held.may_go_on.release(1000)
    wait_for(answers, PATIENCE)
    assert sorted(round(length, 2) for batch in held.batches[1:] for length in batch) == sorted(lengths)
    assert all(max(batch) * len(batch) <= 20 or len(batch) == 1 for batch in held.batches)
    assert max(map(len, held.batches)) > 3


class WholeSeconds(LengthSpeechModel):
    """A model that computes clips of the same whole seconds together, two at a time."""

    clips_together = 2

    def window(self, clip: DecodedAudio) -> int:
        return len(clip.waveform) // SAMPLE_RATE


def test_a_model_with_windows_gets_clips_of_one_window(queue: Callable[..., Queue[float]], held: Held):
    waiting = queue(windows=WholeSeconds())
    at_work(waiting, held)
    answers = [waiting.submit(sound(length)) for length in (2.75, 3, 2.25, 2.5, 3.75, 8)]
    held.may_go_on.release(9)
    assert [answer.result(PATIENCE) for answer in answers] == [2.75, 3, 2.25, 2.5, 3.75, 8]
    assert held.batches == [[1], [2.75, 2.25], [3, 3.75], [2.5], [8]]


def test_a_batch_of_no_seconds_is_one_sound(queue: Callable[..., Queue[float]], held: Held):
    opened = queue(batch_seconds=0)
    at_work(opened, held)
    answers = [opened.submit(sound(2)) for _ in range(3)]
    held.may_go_on.release(1000)
    wait_for(answers, PATIENCE)
    assert held.batches == [[1], [2], [2], [2]]


def test_what_comes_within_a_moment_is_transcribed_together(queue: Callable[..., Queue[float]], held: Held):
    opened = queue(gathering_seconds=PATIENCE, batch_seconds=9)
    first, second = opened.submit(sound(4)), opened.submit(sound(4))
    assert not held.is_at_work.acquire(timeout=0.05)
    third = opened.submit(sound(4))
    held.may_go_on.release(1000)
    assert first.result(PATIENCE) == second.result(PATIENCE) == 4
    assert held.batches[0] == [4, 4]
    third.cancel()


def test_a_cancelled_request_is_not_processed(queue: Callable[..., Queue[float]], held: Held):
    opened = queue()
    at_work(opened, held)
    gone, stays = opened.submit(sound(2)), opened.submit(sound(3))
    assert gone.cancel()
    held.may_go_on.release(1000)
    assert stays.result(PATIENCE) == 3
    assert held.batches == [[1], [3]]


def test_a_full_queue_sends_the_impatient_away_and_says_when_to_retry(queue: Callable[..., Queue[float]], held: Held):
    opened = queue(waiting_seconds=10)
    at_work(opened, held)
    opened.submit(sound(6))
    with pytest.raises(Busy, match=r"retry in \d+ s") as busy:
        opened.submit(sound(5))
    assert busy.value.retry_seconds >= 1
    opened.submit(sound(4))
    assert opened.waiting_seconds == 10


def test_who_gave_up_makes_room(queue: Callable[..., Queue[float]], held: Held):
    opened = queue(waiting_seconds=10)
    at_work(opened, held)
    opened.submit(sound(9)).cancel()
    opened.submit(sound(8))
    assert opened.waiting_seconds == 8


def test_the_patient_wait_for_room(queue: Callable[..., Queue[float]], held: Held):
    opened = queue(waiting_seconds=10)
    at_work(opened, held)
    lengths = [2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    with ThreadPoolExecutor(len(lengths)) as callers:
        answers = [
            callers.submit(lambda seconds=seconds: opened.submit(sound(seconds), is_blocking=True).result(PATIENCE))
            for seconds in lengths
        ]
        held.may_go_on.release(1000)
        assert [answer.result(PATIENCE) for answer in answers] == lengths


def test_the_patient_are_notified_of_the_room_that_is_left_by_who_gave_up(
    queue: Callable[..., Queue[float]], held: Held
):
    opened = queue(waiting_seconds=10)
    at_work(opened, held)
    gone = opened.submit(sound(9))
    with ThreadPoolExecutor(1) as callers:
        patient = callers.submit(lambda: opened.submit(sound(2), is_blocking=True).result(PATIENCE))
        with suppress(TimeoutError):
            patient.result(0.1)  # so that it waits for room
        gone.cancel()
        held.may_go_on.release(1000)
        assert patient.result(PATIENCE) == 2


def test_sound_longer_than_the_queue_waits_alone(queue: Callable[..., Queue[float]], held: Held):
    opened = queue(waiting_seconds=10)
    at_work(opened, held)
    answer = opened.submit(sound(11))
    with pytest.raises(Busy):
        opened.submit(sound(1))
    held.may_go_on.release(1000)
    assert answer.result(PATIENCE) == 11


def test_sound_that_the_model_fails_on_takes_no_other_along(queue: Callable[..., Queue[float]], held: Held):
    opened = queue()
    at_work(opened, held)
    answers = [opened.submit(sound(seconds)) for seconds in (6, 6.66, 7)]
    held.may_go_on.release(1000)
    assert answers[0].result(PATIENCE) == 6
    with pytest.raises(ModelFailed, match="out of memory"):
        answers[1].result(PATIENCE)
    assert answers[2].result(PATIENCE) == 7


def test_a_processed_batch_is_reported(queue: Callable[..., Queue[float]], held: Held):
    on_batch: list[BatchStats] = []
    opened = queue(on_batch.append)
    held.may_go_on.release(1000)
    opened.submit(sound(2)).result(PATIENCE)
    opened.submit(sound(3)).result(PATIENCE)
    opened.close()
    assert [(batch.model, batch.lengths) for batch in on_batch][:1] == [("held", (2.0,))]
    assert all(batch.took >= 0 and batch.waited >= 0 for batch in on_batch)


def test_closing_cancels_what_waits_and_refuses_what_comes(queue: Callable[..., Queue[float]], held: Held):
    opened = queue()
    at_work(opened, held)
    waiting = opened.submit(sound(2))
    opened.close()
    with pytest.raises(CancelledError):
        waiting.result(PATIENCE)
    with pytest.raises(AsrError, match="closed"):
        opened.submit(sound(2))


def test_both_models_process_the_same_audio(request: pytest.FixtureRequest):
    scheduler = Scheduler(LengthSpeechModel(), LoudnessEmotionModel())
    request.addfinalizer(scheduler.close)
    lengths = [0.5, 3.0, LONG + 1, 2.0, 0.5]
    said = [scheduler.transcript(sound(seconds)) for seconds in lengths]
    how = [scheduler.emotion(sound(seconds)) for seconds in lengths]
    samples = [sum(map(int, answer.result(PATIENCE).text.split())) for answer in said]  # a long one has several pieces
    assert samples == [int(seconds * SAMPLE_RATE) for seconds in lengths]
    assert {answer.result(PATIENCE).label for answer in how} == {"uncertain"}
    assert scheduler.waiting_seconds() == {"length": 0.0, "loudness": 0.0}


def test_nobody_waits_behind_an_hour_of_somebody_elses(request: pytest.FixtureRequest):
    is_going_on = threading.Event()

    class Slow(LengthSpeechModel):
        def transcribe(self, clips: Sequence[DecodedAudio]) -> list[SpeechOutput]:
            if any(len(clip.waveform) > SAMPLE_RATE for clip in clips):
                assert is_going_on.wait(PATIENCE)
            return super().transcribe(clips)

    scheduler = Scheduler(Slow(), LoudnessEmotionModel())
    request.addfinalizer(scheduler.close)
    long = [scheduler.transcript(sound(LONG + seconds)) for seconds in (1, 2, 3)]
    assert scheduler.transcript(sound(1)).result(PATIENCE).text == "16000"
    assert not any(answer.done() for answer in long)
    is_going_on.set()
    assert [len(answer.result(PATIENCE).words) for answer in long] == [3, 3, 3]


def test_closing_closes_the_models():
    speech_model = LengthSpeechModel()
    scheduler = Scheduler(speech_model, LoudnessEmotionModel())
    scheduler.close()
    scheduler.close()
    assert speech_model.is_closed


def test_sound_that_was_processed_is_not_kept_until_the_next_one_comes():
    queue = Queue("length", samples_of, Limits(), lambda _: None, 1)
    audio = sound(1)
    kept = weakref.ref(audio.waveform)
    assert queue.submit(audio).result(PATIENCE) == SAMPLE_RATE
    del audio
    deadline = time.monotonic() + PATIENCE
    while kept() is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    queue.close()


def test_a_pass_that_is_under_way_has_ended_when_its_queue_is_closed():
    begun, ended = threading.Event(), threading.Event()

    def transcribe(clips: Sequence[DecodedAudio]) -> list[int]:
        begun.set()
        time.sleep(0.3)  # a thread that is here when Python ends would abort the process, were this torch
        ended.set()
        return samples_of(clips)

    queue = Queue("slow", transcribe, Limits(), lambda _: None, 1)
    answer = queue.submit(sound(1))
    assert begun.wait(PATIENCE)
    queue.close()
    assert ended.is_set()
    assert answer.result(PATIENCE) == SAMPLE_RATE

"""Sounds are heard once each, in the order in which they came, while the page goes on."""

import time
from collections.abc import Callable, Iterable
from threading import Event

import pytest

from hearsay.errors import ApiUnreachable
from hearsay.records.clip import ClipRow
from search_ui.errors import TranscriptionRefused
from search_ui.transcribe.queue import Notify, TranscriptionQueue, Upload

A, B, C = (Upload.of(f"{name}.wav", name.encode()) for name in "abc")


class Ear:
    """Hears each sound's name when it is let go, and remembers what it was given."""

    def __init__(self, *, held: bool = False) -> None:
        self.given: list[str] = []
        self.let_go = Event()
        self.faults: dict[str, Exception] = {}
        if not held:
            self.let_go.set()

    def transcribe(self, upload: Upload, notify: Notify) -> ClipRow:
        self.given.append(upload.name)
        notify("the API is busy")
        assert self.let_go.wait(200)
        if fault := self.faults.get(upload.name):
            raise fault
        return ClipRow(upload.name, generated_text=upload.name)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 200
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def record(queue: TranscriptionQueue, uploads: Iterable[Upload]) -> list[str]:
    return [queue.outcome(upload.digest).result(200).generated_text for upload in uploads]


def test_each_sound_is_heard_once_in_the_order_in_which_they_came() -> None:
    ear = Ear()
    queue = TranscriptionQueue(ear.transcribe)
    queue.submit([A, B])
    queue.submit([C, A, B])

    assert record(queue, [A, B, C]) == ["a.wav", "b.wav", "c.wav"]
    queue.submit([A, Upload.of("copy of a.wav", A.data), B, C])
    wait_until(lambda: not queue.is_busy())
    assert ear.given == ["a.wav", "b.wav", "c.wav"]


def test_what_waits_and_is_not_wanted_any_more_is_never_sent() -> None:
    ear = Ear(held=True)
    queue = TranscriptionQueue(ear.transcribe)
    queue.submit([A, B, C])
    wait_until(lambda: ear.given == ["a.wav"])
    queue.submit([C])
    ear.let_go.set()

    assert record(queue, [A, C]) == ["a.wav", "c.wav"]
    assert ear.given == ["a.wav", "c.wav"]


def test_progress_changes_with_each_step_and_tells_what_the_api_said() -> None:
    ear = Ear(held=True)
    queue = TranscriptionQueue(ear.transcribe)
    assert queue.progress() == ()
    queue.submit([A, B])
    wait_until(lambda: queue.note(A.digest) == "the API is busy")
    assert queue.progress() == ("True the API is busy", "False ")
    ear.let_go.set()
    wait_until(lambda: not queue.is_busy())

    assert queue.progress() == ("done", "done")
    assert queue.note(A.digest) == ""


def test_a_fault_takes_no_other_sound_along_and_what_found_no_api_may_be_tried_again() -> None:
    ear = Ear()
    ear.faults = {"a.wav": ApiUnreachable("away"), "b.wav": TranscriptionRefused("this is no audio")}
    queue = TranscriptionQueue(ear.transcribe)
    queue.submit([A, B, C])

    assert record(queue, [C]) == ["c.wav"]
    assert queue.unreachable() == [A.digest]
    with pytest.raises(TranscriptionRefused, match="no audio"):
        queue.outcome(B.digest).result()
    ear.faults = {}
    queue.forget(queue.unreachable())
    queue.submit([A, B, C])
    assert record(queue, [A]) == ["a.wav"]


def test_who_asks_twice_to_try_again_has_it_tried_once_more() -> None:
    ear = Ear()
    ear.faults = {"a.wav": ApiUnreachable("away"), "b.wav": ApiUnreachable("away")}
    queue = TranscriptionQueue(ear.transcribe)
    queue.submit([A, B])
    wait_until(lambda: not queue.is_busy())
    ear.faults = {}
    ear.let_go.clear()
    for _ in range(2):  # while one is being heard and the other waits
        queue.forget([A.digest, B.digest])
        queue.submit([A, B])
        wait_until(lambda: ear.given[2:] == ["a.wav"])
    ear.let_go.set()

    assert record(queue, [A, B]) == ["a.wav", "b.wav"]
    wait_until(lambda: not queue.is_busy())
    assert ear.given == ["a.wav", "b.wav"] * 2


def test_a_fault_of_our_own_is_an_outcome_too(caplog: pytest.LogCaptureFixture) -> None:
    ear = Ear()
    ear.faults = {"a.wav": RuntimeError("a fault of ours")}
    queue = TranscriptionQueue(ear.transcribe)
    queue.submit([A, B])

    assert record(queue, [B]) == ["b.wav"]
    assert isinstance(queue.outcome(A.digest).exception(), RuntimeError)
    assert "a sound could not be tried" in caplog.text

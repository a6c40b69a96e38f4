"""Uploads are transcribed once each, in order, in the background."""

import time
from collections.abc import Callable, Iterable
from threading import Event

import pytest

from hearsay.errors import ApiUnreachable
from hearsay.records.clip import ClipRow
from search_ui.errors import TranscriptionRefused
from search_ui.transcribe.queue import Notify, TranscriptionQueue, Upload

A, B, C = (Upload.of(f"{name}.wav", name.encode()) for name in "abc")


class Transcriber:
    """Returns the name of each upload as its transcript, as soon as it is released, and records its calls."""

    def __init__(self, *, held: bool = False) -> None:
        self.calls: list[str] = []
        self.released = Event()
        self.errors: dict[str, Exception] = {}
        if not held:
            self.released.set()

    def transcribe(self, upload: Upload, notify: Notify) -> ClipRow:
        self.calls.append(upload.name)
        notify("the API is busy")
        assert self.released.wait(200)
        if error := self.errors.get(upload.name):
            raise error
        return ClipRow(upload.name, generated_text=upload.name)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 200
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def record(queue: TranscriptionQueue, uploads: Iterable[Upload]) -> list[str]:
    return [queue.outcome(upload.digest).result(200).generated_text for upload in uploads]


def test_each_upload_is_transcribed_once_in_order() -> None:
    transcriber = Transcriber()
    queue = TranscriptionQueue(transcriber.transcribe)
    queue.submit([A, B])
    queue.submit([C, A, B])

    assert record(queue, [A, B, C]) == ["a.wav", "b.wav", "c.wav"]
    queue.submit([A, Upload.of("copy of a.wav", A.data), B, C])
    wait_until(lambda: not queue.is_busy())
    assert transcriber.calls == ["a.wav", "b.wav", "c.wav"]


def test_a_removed_upload_that_is_waiting_is_never_sent() -> None:
    transcriber = Transcriber(held=True)
    queue = TranscriptionQueue(transcriber.transcribe)
    queue.submit([A, B, C])
    wait_until(lambda: transcriber.calls == ["a.wav"])
    queue.submit([C])
    transcriber.released.set()

    assert record(queue, [A, C]) == ["a.wav", "c.wav"]
    assert transcriber.calls == ["a.wav", "c.wav"]


def test_progress_changes_with_each_step_and_contains_the_notes_of_the_api() -> None:
    transcriber = Transcriber(held=True)
    queue = TranscriptionQueue(transcriber.transcribe)
    assert queue.progress() == ()
    queue.submit([A, B])
    wait_until(lambda: queue.note(A.digest) == "the API is busy")
    assert queue.progress() == ("True the API is busy", "False ")
    transcriber.released.set()
    wait_until(lambda: not queue.is_busy())

    assert queue.progress() == ("done", "done")
    assert queue.note(A.digest) == ""


def test_an_error_affects_no_other_upload_and_unreachable_ones_can_be_retried() -> None:
    transcriber = Transcriber()
    transcriber.errors = {"a.wav": ApiUnreachable("no reply"), "b.wav": TranscriptionRefused("this is not audio")}
    queue = TranscriptionQueue(transcriber.transcribe)
    queue.submit([A, B, C])

    assert record(queue, [C]) == ["c.wav"]
    assert queue.unreachable() == [A.digest]
    with pytest.raises(TranscriptionRefused, match="not audio"):
        queue.outcome(B.digest).result()
    transcriber.errors = {}
    queue.forget(queue.unreachable())
    queue.submit([A, B, C])
    assert record(queue, [A]) == ["a.wav"]


def test_retrying_twice_transcribes_once() -> None:
    transcriber = Transcriber()
    transcriber.errors = {"a.wav": ApiUnreachable("no reply"), "b.wav": ApiUnreachable("no reply")}
    queue = TranscriptionQueue(transcriber.transcribe)
    queue.submit([A, B])
    wait_until(lambda: not queue.is_busy())
    transcriber.errors = {}
    transcriber.released.clear()
    for _ in range(2):  # while one is being transcribed and the other waits
        queue.forget([A.digest, B.digest])
        queue.submit([A, B])
        wait_until(lambda: transcriber.calls[2:] == ["a.wav"])
    transcriber.released.set()

    assert record(queue, [A, B]) == ["a.wav", "b.wav"]
    wait_until(lambda: not queue.is_busy())
    assert transcriber.calls == ["a.wav", "b.wav"] * 2


def test_an_unexpected_exception_becomes_a_failed_outcome(caplog: pytest.LogCaptureFixture) -> None:
    transcriber = Transcriber()
    transcriber.errors = {"a.wav": RuntimeError("unexpected")}
    queue = TranscriptionQueue(transcriber.transcribe)
    queue.submit([A, B])

    assert record(queue, [B]) == ["b.wav"]
    assert isinstance(queue.outcome(A.digest).exception(), RuntimeError)
    assert "a.wav could not be transcribed" in caplog.text

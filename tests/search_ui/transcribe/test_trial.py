"""Sounds are heard once each, in the order in which they came, while the page goes on."""

import time
from collections.abc import Callable, Iterable
from threading import Event

import pytest

from hearsay.records.clip import ClipRow
from search_ui.errors import ApiAway, NotHeard
from search_ui.transcribe.trial import Say, Sound, Trial

A, B, C = (Sound.of(f"{name}.wav", name.encode()) for name in "abc")


class Ear:
    """Hears each sound's name when it is let go, and remembers what it was given."""

    def __init__(self, *, held: bool = False) -> None:
        self.given: list[str] = []
        self.let_go = Event()
        self.faults: dict[str, Exception] = {}
        if not held:
            self.let_go.set()

    def hear(self, sound: Sound, say: Say) -> ClipRow:
        self.given.append(sound.name)
        say("the API is busy")
        assert self.let_go.wait(200)
        if fault := self.faults.get(sound.name):
            raise fault
        return ClipRow(sound.name, generated_text=sound.name)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 200
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def heard(trial: Trial, sounds: Iterable[Sound]) -> list[str]:
    return [trial.outcome(sound.digest).result(200).generated_text for sound in sounds]


def test_each_sound_is_heard_once_in_the_order_in_which_they_came() -> None:
    ear = Ear()
    trial = Trial(ear.hear)
    trial.want([A, B])
    trial.want([C, A, B])

    assert heard(trial, [A, B, C]) == ["a.wav", "b.wav", "c.wav"]
    trial.want([A, Sound.of("copy of a.wav", A.data), B, C])
    wait_until(lambda: not trial.is_busy())
    assert ear.given == ["a.wav", "b.wav", "c.wav"]


def test_what_waits_and_is_not_wanted_any_more_is_never_sent() -> None:
    ear = Ear(held=True)
    trial = Trial(ear.hear)
    trial.want([A, B, C])
    wait_until(lambda: ear.given == ["a.wav"])
    trial.want([C])
    ear.let_go.set()

    assert heard(trial, [A, C]) == ["a.wav", "c.wav"]
    assert ear.given == ["a.wav", "c.wav"]


def test_progress_changes_with_each_step_and_tells_what_the_api_said() -> None:
    ear = Ear(held=True)
    trial = Trial(ear.hear)
    assert trial.progress() == ()
    trial.want([A, B])
    wait_until(lambda: trial.note(A.digest) == "the API is busy")
    assert trial.progress() == ("True the API is busy", "False ")
    ear.let_go.set()
    wait_until(lambda: not trial.is_busy())

    assert trial.progress() == ("done", "done")
    assert trial.note(A.digest) == ""


def test_a_fault_takes_no_other_sound_along_and_what_found_no_api_may_be_tried_again() -> None:
    ear = Ear()
    ear.faults = {"a.wav": ApiAway("away"), "b.wav": NotHeard("this is no audio")}
    trial = Trial(ear.hear)
    trial.want([A, B, C])

    assert heard(trial, [C]) == ["c.wav"]
    assert trial.away() == [A.digest]
    with pytest.raises(NotHeard, match="no audio"):
        trial.outcome(B.digest).result()
    ear.faults = {}
    trial.forget(trial.away())
    trial.want([A, B, C])
    assert heard(trial, [A]) == ["a.wav"]


def test_who_asks_twice_to_try_again_has_it_tried_once_more() -> None:
    ear = Ear()
    ear.faults = {"a.wav": ApiAway("away"), "b.wav": ApiAway("away")}
    trial = Trial(ear.hear)
    trial.want([A, B])
    wait_until(lambda: not trial.is_busy())
    ear.faults = {}
    ear.let_go.clear()
    for _ in range(2):  # while one is being heard and the other waits
        trial.forget([A.digest, B.digest])
        trial.want([A, B])
        wait_until(lambda: ear.given[2:] == ["a.wav"])
    ear.let_go.set()

    assert heard(trial, [A, B]) == ["a.wav", "b.wav"]
    wait_until(lambda: not trial.is_busy())
    assert ear.given == ["a.wav", "b.wav"] * 2


def test_a_fault_of_our_own_is_an_outcome_too(caplog: pytest.LogCaptureFixture) -> None:
    ear = Ear()
    ear.faults = {"a.wav": RuntimeError("a fault of ours")}
    trial = Trial(ear.hear)
    trial.want([A, B])

    assert heard(trial, [B]) == ["b.wav"]
    assert isinstance(trial.outcome(A.digest).exception(), RuntimeError)
    assert "a sound could not be tried" in caplog.text

import hashlib
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asr.audio import vad
from asr.audio.decoding import decode_audio
from asr.audio.silero import CHUNK, WEIGHTS, silero_vad
from asr.audio.vad import detect_speech, frame_levels, pieces, runs_of, stretches
from asr.types import Waveform
from tests.support.non_speech import HELD_OUT, sounds
from tests.support.recordings import bursts

RATE = 16_000


def in_seconds(found: list[tuple[int, int]]) -> list[tuple[float, float]]:
    return [(start / RATE, end / RATE) for start, end in found]


def test_stretches_extend_from_pause_to_pause_with_a_margin():
    found = in_seconds(stretches(bursts((0.5, 1.5), (2.5, 4.0), length=5)))
    assert found == [pytest.approx((0.36, 1.64)), pytest.approx((2.36, 4.14))]


def test_a_gap_shorter_than_a_pause_does_not_split_a_stretch():
    assert len(stretches(bursts((0.5, 1.5), (1.7, 3.0), length=4))) == 1


def test_pauses_are_found_in_background_noise():
    noisy = bursts((0.5, 1.5), (2.5, 4.0), length=5, floor=0.02)
    assert len(stretches(noisy)) == 2


@pytest.mark.parametrize("silent", [np.zeros(0), np.zeros(1), np.zeros(50_000), np.full(50_000, 1e-5)])
def test_silence_has_no_stretches_and_no_pieces(silent: np.ndarray):
    assert stretches(silent.astype(np.float32)) == []
    assert pieces(detect_speech(silent.astype(np.float32))) == []


def test_audio_of_constant_level_is_one_stretch():
    even = bursts((0, 3), length=3)
    assert stretches(even) == [(0, len(even))]


def test_a_quiet_recording_has_the_same_stretches_as_a_loud_one():
    loud = bursts((0.5, 1.5), (2.5, 4.0), length=5, floor=0)
    assert stretches(loud / 50) == stretches(loud)


def test_speech_without_a_pause_is_split_at_its_quietest_point():
    sound = bursts((0, 100), length=100)
    for quiet in (27.0, 52.0):
        sound[int(quiet * RATE) : int((quiet + 0.2) * RATE)] *= 0.3  # too short for a pause
    found = in_seconds(stretches(sound, 30))
    assert len(found) >= 4
    assert [end for _, end in found][:2] == [pytest.approx(27.1, abs=0.1), pytest.approx(52.1, abs=0.1)]


def test_a_short_clip_is_one_piece_and_a_long_clip_is_split_into_runs_of_stretches():
    short = bursts((1, 2), (4, 5), length=10)
    assert pieces(detect_speech(short)) == [(0, len(short))]
    long = bursts((2, 12), (14, 24), (26, 36), (50, 58), length=60)
    assert in_seconds(pieces(detect_speech(long))) == [
        pytest.approx((1.86, 24.14)),
        pytest.approx((25.86, 36.14)),
        (49.86, 58.14),
    ]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(0.02, 9), st.sampled_from([0, 0.0005, 0.01, 0.2])), max_size=12), st.floats(0.5, 8))
def test_stretches_never_overlap_or_exceed_the_limit_and_cover_all_loud_samples(
    parts: list[tuple[float, float]], longest: float
):
    noise = np.random.default_rng(5)
    sound = np.concatenate(
        [np.zeros(0), *(level * noise.standard_normal(int(length * RATE)) for length, level in parts)]
    ).astype(np.float32)
    apart = stretches(sound, longest)
    for found in (apart, runs_of(apart, longest)):
        edges = [edge for stretch in found for edge in stretch]
        assert edges == sorted(edges)
        assert all(0 <= start < end <= len(sound) and end - start <= longest * RATE for start, end in found)
        covered = np.zeros(len(sound), bool)
        for start, end in found:
            covered[start:end] = True
        loud = np.repeat(frame_levels(sound) > -25, RATE // 50)[: len(sound)]
        assert not (loud & ~covered).any()


def test_a_long_clip_is_split_without_being_copied():
    waveform = np.tile(bursts((0.5, 1.5), (2.5, 4.0), length=6), 100)
    tracemalloc.start()
    try:
        assert len(stretches(waveform)) == 200
        assert tracemalloc.get_traced_memory()[1] < waveform.nbytes / 2
    finally:
        tracemalloc.stop()


def test_the_network_is_the_published_one():
    published = "9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85"
    assert hashlib.sha256(WEIGHTS.read_bytes()).hexdigest() == published


def test_the_probabilities_do_not_depend_on_the_blocks_in_which_a_recording_is_processed(spoken: list[Waveform]):
    sound = np.concatenate(spoken * 3)
    found = silero_vad().probabilities(sound)
    assert len(found) == -(-len(sound) // CHUNK)
    assert len(sound) > 16.4 * RATE  # more than one block
    assert found.max() > 0.9
    assert np.array_equal(found[:400], silero_vad().probabilities(sound[: 400 * CHUNK]))


@pytest.fixture
def spoken(samples: Path) -> list[Waveform]:
    """Sample clips at an equal level of -20 dB, without the silence around them."""
    found = []
    for number in range(4):
        clip = decode_audio((samples / f"sample-{number:06d}.mp3").read_bytes(), 60)
        (first, _), *_, (_, last) = [(0, 0), *stretches(clip)]
        found.append(0.1 * clip[first:last] / np.sqrt(np.square(clip[first:last]).mean()))
    return found


def with_noise(*parts: Waveform, level: float = -70) -> Waveform:
    sound = np.concatenate(parts)
    noise = np.random.default_rng(5).standard_normal(len(sound))
    return (sound + 10 ** (level / 20) * noise).astype(np.float32)


def pause(seconds: float) -> Waveform:
    return np.zeros(round(seconds * RATE), np.float32)


def test_a_quiet_second_speaker_in_a_long_recording_is_speech(spoken: list[Waveform]):
    loud = np.concatenate([*spoken, *spoken])[: 12 * RATE]
    assert len(loud) == 12 * RATE
    quiet = spoken[1] * 10 ** (-22 / 20)
    sound = with_noise(loud, pause(0.5), quiet, pause(0.5), loud, level=-46)
    first = len(loud) + RATE // 2
    audio = detect_speech(sound)

    def share(found: Sequence[tuple[int, int]]) -> float:
        inside = sum(max(0, min(end, first + len(quiet)) - max(start, first)) for start, end in found)
        return inside / len(quiet)

    assert share(audio.stretches) > 0.9
    assert share(stretches(sound)) < 0.2  # by its level alone it is a pause
    assert any(start <= first + 1600 and end >= first + len(quiet) - 1600 for start, end in pieces(audio))


def test_what_is_loud_stays_a_stretch_whatever_the_network_says(spoken: list[Waveform]):
    ((_, song),) = sounds({"accordion": HELD_OUT["accordion"]}, (3.0,), (0.3,), 3)
    speech = np.concatenate(spoken)
    sound = with_noise(speech, pause(1), song, pause(1), speech)
    covered = np.zeros(len(sound), bool)
    for start, end in detect_speech(sound).stretches:
        covered[start:end] = True
    assert all(covered[start:end].all() for start, end in stretches(sound))
    assert covered[len(speech) + RATE : len(speech) + RATE + len(song)].all()


def test_a_clip_that_is_transcribed_whole_does_not_pass_through_the_network(
    spoken: list[Waveform], monkeypatch: pytest.MonkeyPatch
):
    def unexpected() -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(vad, "silero_vad", unexpected)
    assert detect_speech(np.concatenate(spoken)[: 22 * RATE]).stretches
    with pytest.raises(AssertionError):
        detect_speech(np.concatenate(spoken * 3)[: 22 * RATE + 1])


def test_long_recordings_do_not_need_much_memory_in_the_network(spoken: list[Waveform]):
    sound = np.tile(np.concatenate(spoken), 20)
    tracemalloc.start()
    try:
        silero_vad().probabilities(sound)
        assert tracemalloc.get_traced_memory()[1] < sound.nbytes / 4
    finally:
        tracemalloc.stop()

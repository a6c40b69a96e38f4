"""Acoustic features of speech: what they depend on, and what they do not."""

from pathlib import Path

import numpy as np
import pytest

from asr.audio.decoding import decode_audio
from asr.emotion.acoustic_features import voice_features
from asr.types import SAMPLE_RATE, Waveform


@pytest.fixture(scope="module")
def spoken(samples: Path) -> Waveform:
    return decode_audio((samples / "sample-000003.mp3").read_bytes(), 60)


def tone(hertz: float, seconds: float = 1.0) -> Waveform:
    """A harmonic tone with this fundamental frequency."""
    at = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return np.sum([np.sin(2 * np.pi * hertz * n * at) / n for n in range(1, 6)], axis=0).astype(np.float32) / 8


def features(waveform: Waveform) -> np.ndarray:
    found = voice_features(waveform)
    assert found is not None
    return found


def test_short_and_long_clips_have_the_same_number_of_features(spoken: Waveform):
    short, long = features(spoken[: SAMPLE_RATE * 3 // 2]), features(np.tile(spoken, 20))
    assert short.shape == long.shape
    assert np.isfinite([short, long]).all()


@pytest.mark.parametrize("gain", [0.1, 0.5, 2.0])
def test_features_do_not_depend_on_gain(spoken: Waveform, gain: float):
    np.testing.assert_allclose(features(spoken * np.float32(gain)), features(spoken), rtol=0.02, atol=0.02)


def test_leading_and_trailing_silence_barely_changes_the_features(spoken: Waveform):
    random = np.random.default_rng(1)
    silence = random.normal(0, 1e-5, SAMPLE_RATE).astype(np.float32)
    padded = features(np.concatenate([silence, spoken, silence]))
    faded = features(spoken * np.linspace(0, 1, len(spoken), dtype=np.float32))
    assert np.abs(padded - features(spoken)).mean() < np.abs(faded - features(spoken)).mean()


def test_tones_an_octave_apart_differ_by_one_in_the_pitch_features():
    an_octave = features(tone(220)) - features(tone(110))
    assert np.isclose(an_octave, 1, atol=0.02).sum() >= 6  # mean and five quantiles


def test_features_do_not_depend_on_the_block_size(spoken: Waveform, monkeypatch: pytest.MonkeyPatch):
    whole = features(spoken)
    monkeypatch.setattr("asr.emotion.acoustic_features._FRAMES_AT_ONCE", 37)
    np.testing.assert_allclose(features(spoken), whole, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("samples_long", [0, 1, 1_023, 1_024, SAMPLE_RATE])
def test_silence_of_any_length_has_no_features(samples_long: int):
    assert voice_features(np.zeros(samples_long, np.float32)) is None


def test_a_quarter_of_a_second_is_too_short_for_features():
    assert voice_features(tone(150, seconds=0.25)) is None
    assert voice_features(tone(150, seconds=0.5)) is not None


def test_noise_has_no_features():
    noise = np.random.default_rng(7).normal(0, 0.1, 2 * SAMPLE_RATE)
    assert voice_features(noise.astype(np.float32)) is None

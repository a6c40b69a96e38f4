"""Channels are mixed to mono without cancellation or clipping."""

import logging

import numpy as np
import pytest

from asr.audio.decoding import decode_audio
from tests.support.recordings import Samples, ffmpeg_file, sound_file, tone

MAX = 60.0
SPEECH = tone(3, peak=0.4)


def level(waveform: Samples) -> float:
    """Root mean square."""
    return float(np.sqrt(np.square(waveform).mean()))


def stereo(left: Samples, right: Samples) -> bytes:
    return sound_file(np.stack([left, right], axis=1), subtype="FLOAT")


def test_channels_in_opposite_phase_do_not_cancel_and_are_reported(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING):
        waveform = decode_audio(stereo(SPEECH, -SPEECH), MAX, "call.wav")
    assert level(waveform) == pytest.approx(level(SPEECH), rel=0.02)
    assert "call.wav" in caplog.text
    assert "cancel" in caplog.text


@pytest.mark.parametrize("noise", [0.0, 0.001, 0.01])
@pytest.mark.parametrize("gain", [1.0, 0.7])
def test_channels_that_nearly_cancel_keep_their_level(noise: float, gain: float):
    hiss = noise * np.random.default_rng(1).standard_normal(len(SPEECH)).astype(np.float32)
    assert level(decode_audio(stereo(SPEECH, hiss - gain * SPEECH), MAX)) > 0.5 * level(SPEECH)


def test_one_of_two_speakers_in_opposite_phase_is_kept():
    other = np.where(np.arange(len(SPEECH)) < len(SPEECH) // 2, SPEECH, -SPEECH)
    waveform = decode_audio(stereo(SPEECH, other), MAX)
    for half in np.array_split(waveform, 2):
        assert level(half) > 0.8 * level(SPEECH) / 2


def test_a_silent_channel_does_not_halve_the_level():
    assert level(decode_audio(stereo(SPEECH, 0 * SPEECH), MAX)) == pytest.approx(level(SPEECH), rel=0.02)
    assert level(decode_audio(stereo(0 * SPEECH, SPEECH), MAX)) == pytest.approx(level(SPEECH), rel=0.02)


def test_similar_channels_are_averaged_without_a_warning(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING):
        waveform = decode_audio(stereo(SPEECH, SPEECH), MAX)
    assert np.abs(waveform - (SPEECH - SPEECH.mean())).max() < 1e-3
    assert not caplog.records


def test_a_change_of_weights_does_not_click():
    left = np.where(np.arange(len(SPEECH)) < 20_000, SPEECH, 0).astype(np.float32)
    waveform = decode_audio(stereo(left, SPEECH), MAX)
    assert np.abs(np.diff(waveform)).max() < 1.2 * np.abs(np.diff(SPEECH)).max()


@pytest.mark.parametrize("scale", [1.05, 8.0, 128.0, 32768.0, 2.0**23])
def test_float_files_above_full_scale_are_scaled_and_not_clipped(scale: float):
    waveform = decode_audio(sound_file(SPEECH / np.abs(SPEECH).max() * np.float32(scale), subtype="FLOAT"), MAX)
    expected = (SPEECH - SPEECH.mean()) / np.abs(SPEECH - SPEECH.mean()).max()
    assert np.abs(waveform - expected).max() < 2e-3


def test_a_click_does_not_make_the_rest_inaudible():
    clicked = SPEECH.copy()
    clicked[1000] = 1000
    assert level(decode_audio(sound_file(clicked, subtype="FLOAT"), MAX)) > level(SPEECH) / 4


def test_five_channels_with_one_voice_keep_most_of_its_level():
    silent = np.zeros_like(SPEECH)
    waveform = decode_audio(sound_file(np.stack([silent, silent, SPEECH, silent, silent], axis=1)), MAX)
    assert level(waveform) == pytest.approx(level(SPEECH), rel=0.02)


def test_compressed_stereo_in_opposite_phase_is_kept():
    data = ffmpeg_file(SPEECH, 16_000, "matroska", "aac", "stereo")
    assert level(decode_audio(data, MAX)) > 0.5 * level(SPEECH)

"""Log-mel spectrograms equal those of OpenAI's Whisper."""

import os
import subprocess
import sys

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asr.audio.decoding import decode_audio
from asr.audio.mel import HOP, log_mel
from asr.types import SAMPLE_RATE, Waveform
from tests.conftest import PROJECT, SAMPLES

TOLERANCE = 2e-5  # float32 against float64; features are about -1 to 1


def reference(waveform: Waveform, frames: int, bands: int) -> np.ndarray:
    """Whisper's definition (``whisper/audio.py``) over the whole padded window, computed by librosa in float64."""
    padded = np.pad(waveform.astype(np.float64), (0, frames * HOP - len(waveform)))
    power = np.abs(librosa.stft(padded, n_fft=400, hop_length=HOP, window="hann", pad_mode="reflect"))[:, :frames] ** 2
    logs = np.log10(np.maximum(librosa.filters.mel(sr=SAMPLE_RATE, n_fft=400, n_mels=bands) @ power, 1e-10))
    return (np.maximum(logs, logs.max() - 8) + 4) / 4


@pytest.mark.parametrize("bands", [80, 128])
def test_real_clips_have_the_features_of_whisper(bands: int) -> None:
    for path in sorted(SAMPLES.glob("*.mp3"))[:6]:
        waveform = decode_audio(path.read_bytes(), 60)
        frames = len(waveform) // HOP + 300
        assert log_mel(waveform, frames, bands) == pytest.approx(reference(waveform, frames, bands), abs=TOLERANCE)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 3000), st.integers(0, 2**32 - 1))
def test_waveforms_of_any_length_have_the_features_of_whisper(samples: int, seed: int) -> None:
    waveform = np.random.default_rng(seed).normal(0, 0.1, samples).astype(np.float32)
    assert log_mel(waveform, 100) == pytest.approx(reference(waveform, 100, 80), abs=TOLERANCE)


def test_frames_after_the_end_of_the_waveform_are_constant() -> None:
    features = log_mel(np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE).astype(np.float32), 1000)
    assert features.shape == (80, 1000)
    assert np.ptp(features[:, 110:]) == 0


def test_a_waveform_longer_than_the_window_is_truncated() -> None:
    waveform = np.random.default_rng(0).normal(0, 0.1, 2 * SAMPLE_RATE).astype(np.float32)
    assert np.array_equal(log_mel(waveform, 50)[:, :45], log_mel(waveform, 200)[:, :45])


@pytest.mark.parametrize("threads", [1, 2])
def test_frames_do_not_depend_on_what_follows_them(threads: int) -> None:
    """Bit for bit, for any number of threads of a matrix product."""
    program = """
import numpy as np
from asr.audio.mel import HOP, log_mel
waveform = np.random.default_rng(0).normal(0, 0.1, 1000 * HOP).astype(np.float32)
whole = log_mel(waveform, 1000)
for frames in (5, 10, 16, 17, 48, 50, 99, 101, 320, 777):
    print(np.count_nonzero(log_mel(waveform, frames)[:, : frames - 3] != whole[:, : frames - 3]))
"""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = os.environ | dict.fromkeys(names, str(threads))
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    assert ended.stdout.split() == ["0"] * 10

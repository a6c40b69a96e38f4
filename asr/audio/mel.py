"""Log-mel spectrograms, the input of Whisper's encoder."""

from functools import cache
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from asr.types import SAMPLE_RATE, Waveform

HOP: Final = 160
"""Samples from one frame to the next: 10 ms."""

_FFT: Final = 400  # samples of a frame: 25 ms
_BLOCK: Final = 16  # frames of one matrix product
_FLOOR: Final = 1e-10  # power below which samples count as silence
_DYNAMIC_RANGE: Final = 8.0  # decades below the loudest value that are kept


def log_mel(waveform: Waveform, frames: int, bands: int = 80) -> NDArray[np.float32]:
    """The log-mel spectrogram of a waveform followed by silence, shape (bands, frames).

    The definition is that of OpenAI's Whisper (``whisper/audio.py``): power spectra of 25 ms every 10 ms under a Hann
    window, mel bands up to 8 kHz in Slaney's form, decimal logarithms limited to 8 decades and scaled to about -1..1.
    Only the frames that the waveform reaches are computed; the others are constant. A waveform longer than ``frames``
    is cut. A frame is bit-identical whatever follows it: the summation order of a matrix product depends on its shape
    and on the number of threads, so all products have the same shape, which is too small for multi-threading.
    """
    waveform = waveform[: frames * HOP]
    count = min(frames, (len(waveform) + _FFT // 2) // HOP + 1)
    blocks = -(-count // _BLOCK)
    padded = np.zeros((blocks * _BLOCK - 1) * HOP + _FFT, np.float32)
    padded[_FFT // 2 : _FFT // 2 + len(waveform)] = waveform[: len(padded) - _FFT // 2]
    padded[: _FFT // 2] = padded[_FFT : _FFT // 2 : -1]
    spectra = np.fft.rfft(sliding_window_view(padded, _FFT)[::HOP] * _window())
    power = np.square(spectra.real) + np.square(spectra.imag)
    of_bands = (power.reshape(blocks, _BLOCK, -1) @ _filters(bands)).reshape(-1, bands)[:count]
    logs = np.log10(np.maximum(of_bands, _FLOOR))
    lowest = max(float(logs.max()) - _DYNAMIC_RANGE, float(np.log10(_FLOOR)))
    features = np.full((bands, frames), (lowest + 4) / 4, np.float32)
    features[:, :count] = (np.maximum(logs, lowest).T + 4) / 4
    return features


@cache
def _window() -> NDArray[np.float32]:
    return np.hanning(_FFT + 1)[:-1].astype(np.float32)


@cache
def _filters(bands: int) -> NDArray[np.float32]:
    """Triangular filters of equal area, shape (frequencies, bands); see Slaney, "Auditory Toolbox", 1998."""
    edges = _hertz(np.linspace(0.0, _mels(SAMPLE_RATE / 2), bands + 2))
    frequencies = np.linspace(0.0, SAMPLE_RATE / 2, _FFT // 2 + 1)[:, None]
    rising = (frequencies - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - frequencies) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0.0, np.minimum(rising, falling)) * 2 / (edges[2:] - edges[:-2])
    return triangles.astype(np.float32)


# Slaney's mel scale: linear up to 1 kHz, 15 mels there, then logarithmic with 27 mels for a factor of 6.4.
_MEL_HERTZ: Final = 200 / 3
_BREAK_HERTZ: Final = 1000.0
_BREAK_MELS: Final = _BREAK_HERTZ / _MEL_HERTZ
_LOG_STEP: Final = np.log(6.4) / 27


def _mels(hertz: float) -> float:
    return hertz / _MEL_HERTZ if hertz < _BREAK_HERTZ else _BREAK_MELS + float(np.log(hertz / _BREAK_HERTZ)) / _LOG_STEP


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    above = _BREAK_HERTZ * np.exp(_LOG_STEP * (np.maximum(mels, _BREAK_MELS) - _BREAK_MELS))
    return np.where(mels < _BREAK_MELS, mels * _MEL_HERTZ, above)

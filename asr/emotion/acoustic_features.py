"""Acoustic features of a voice, independent of the recording level: the input of `asr.emotion.linear`."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from asr.audio.samples import release_pages
from asr.types import SAMPLE_RATE, Waveform

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

_FRAME: Final = 1024  # 64 ms, so that the lowest voices have several periods in it
_HOP: Final = 160  # 10 ms
_TRACKS_AT_ONCE: Final = 2  # for hours of audio, all of them would be copied several times
_FRAMES_AT_ONCE: Final = 500  # 5 s: their spectra fit into a CPU's caches, and those of an hour would be gigabytes

_LEAST_SOUND, _LEAST_VOICE = 30, 10  # frames
_QUIETEST: Final = -7.0  # bels of full scale; what is softer is the noise of a recording
_BELOW_LOUD: Final = 3.0  # frames down to 30 dB below the loud ones count as sound
_VOICED: Final = 0.45  # minimum strength of the pitch of a voiced frame

_MEL_BANDS, _CEPSTRA = 40, 16
_LOWEST_PITCH, _HIGHEST_PITCH = 60, 500  # Hz, the range of speaking voices
_WRONG_OCTAVE: Final = 0.25  # maximum change of a voice's pitch in 10 ms
_REGIONS: Final = ((0, 1_000), (1_000, 4_000), (4_000, 8_001))  # Hz
_QUANTILES: Final = (0.1, 0.25, 0.5, 0.75, 0.9)

_FLOOR: Final = np.float32(1e-10)
_WINDOW: Final = np.hanning(_FRAME).astype(np.float32)
_FREQUENCIES: Final = np.fft.rfftfreq(_FRAME, 1 / SAMPLE_RATE).astype(np.float32)
_OCTAVES: Final = np.log2(np.maximum(_FREQUENCIES, 50))


def voice_features(waveform: Waveform) -> NDArray[np.float64] | None:
    """Statistics over the frames that have sound, a few hundred numbers, always as many and in the same order.

    None if there is no voice: less than about 0.3 s of sound, or less than 0.1 s of it with a pitch.
    """
    if len(waveform) < _FRAME:
        return None
    loudness = _in_blocks(_loudness, waveform)
    is_sound: Mask = loudness > np.maximum(np.quantile(loudness, 0.95) - _BELOW_LOUD, _QUIETEST)
    if is_sound.sum() < _LEAST_SOUND:
        return None
    pitch, strength = _in_blocks(_pitch, waveform).T
    is_voiced: Mask = is_sound & (strength > _VOICED)
    if is_voiced.sum() < _LEAST_VOICE:
        return None
    timbre = _in_blocks(_timbre, waveform)
    relative_loudness = (loudness - loudness[is_sound].mean())[:, None]
    voice = (
        _statistics(pitch[is_voiced, None]),
        _statistics(strength[is_sound, None]),
        _melody(pitch, is_voiced, is_sound),
    )
    groups = (
        tracks[:, first : first + _TRACKS_AT_ONCE]
        for tracks in (timbre, relative_loudness)
        for first in range(0, tracks.shape[1], _TRACKS_AT_ONCE)
    )
    tables = zip(*(_tables_of_timbre(tracks, is_sound, is_voiced) for tracks in groups), strict=True)
    return np.concatenate([*(np.hstack(parts).ravel() for parts in tables), *voice]).astype(np.float64)


def _in_blocks(measure: Callable[[Floats], Floats], waveform: Waveform) -> Floats:
    """What ``measure`` gives for all frames of a waveform, shape (frames, …), computed `_FRAMES_AT_ONCE` at a time.

    It is written into one array, since joining the blocks of hours of audio would double the memory.
    """
    frames = np.lib.stride_tricks.sliding_window_view(waveform, _FRAME)[::_HOP]
    first = measure(frames[:_FRAMES_AT_ONCE])
    measured = np.empty((len(frames), *first.shape[1:]), first.dtype)
    measured[: len(first)] = first
    for start in range(_FRAMES_AT_ONCE, len(frames), _FRAMES_AT_ONCE):
        block = slice(start, start + _FRAMES_AT_ONCE)
        measured[block] = measure(frames[block])
        release_pages(waveform)
    return measured


def _loudness(frames: Floats) -> Floats:
    """The level of each frame in bels relative to full scale, shape (frames,)."""
    bels: Floats = np.log10(np.einsum("ij,ij->i", frames, frames) / _FRAME + _FLOOR)
    return bels


def _timbre(frames: Floats) -> Floats:
    """Mel cepstra and the shape of the spectrum, shape (frames, tracks).

    The shape is its centre and spread in octaves, its flatness, and in bels how low, middle and high frequencies are
    balanced.
    """
    power = np.abs(np.fft.rfft(frames * _WINDOW)) ** 2
    share = power / (power.sum(axis=1, keepdims=True) + _FLOOR)
    centre = share @ _OCTAVES
    spread = np.sqrt(np.maximum(share @ _OCTAVES**2 - centre**2, 0))
    flatness = np.log(share + _FLOOR).mean(axis=1)
    low, middle, high = (np.log10(_between(share, *region).sum(axis=1) + _FLOOR) for region in _REGIONS)
    peaks = [np.log10(_between(share, *region).max(axis=1) + _FLOOR) for region in ((0, 2_000), (2_000, 5_000))]
    cepstra = np.log(share @ _MEL + _FLOOR) @ _COSINES
    return np.column_stack([cepstra, centre, spread, flatness, low - middle, middle - high, peaks[0] - peaks[1]])


def _mel_filters() -> Floats:
    """Triangles evenly spaced on the mel scale, 2595 log10(1 + f/700), from 60 to 7,600 Hz; shape (bins, bands)."""
    mels = np.linspace(2595 * np.log10(1 + 60 / 700), 2595 * np.log10(1 + 7_600 / 700), _MEL_BANDS + 2)
    edges = 700 * (10 ** (mels / 2595) - 1)
    rising = (_FREQUENCIES[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - _FREQUENCIES[:, None]) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


_MEL: Final = _mel_filters()
_BAND_MIDDLES: Final = (np.arange(_MEL_BANDS) + 0.5) / _MEL_BANDS
_COSINES: Final = np.cos(np.pi * np.outer(_BAND_MIDDLES, np.arange(1, _CEPSTRA + 1))).astype(np.float32)
"""The discrete cosine transform (type II) of the bands without its first, which is loudness; (bands, cepstra)."""


def _between(share: Floats, lowest: float, highest: float) -> Floats:
    return share[:, (lowest <= _FREQUENCIES) & (highest > _FREQUENCIES)]


def _pitch(frames: Floats) -> Floats:
    """Octaves above `_LOWEST_PITCH`, and how strong that pitch is (0..1); shape (frames, 2).

    The highest peak of the frame's autocorrelation divided by that of the window: Boersma 1993, "Accurate short-term
    analysis of the fundamental frequency and the harmonics-to-noise ratio of a sampled sound".
    """
    lags = np.arange(SAMPLE_RATE // _HIGHEST_PITCH, SAMPLE_RATE // _LOWEST_PITCH)
    correlation = _autocorrelation((frames - frames.mean(axis=1, keepdims=True)) * _WINDOW)
    correlation = correlation[:, lags] / (correlation[:, :1] + _FLOOR) / _WINDOW_CORRELATION[lags]
    # Of a period and its multiples, which correlate alike, the shortest is the pitch.
    best = np.argmax(correlation - 0.02 * np.log2(lags / lags[0]), axis=1)
    strength = np.clip(correlation[np.arange(len(frames)), best], 0, 1)
    return np.column_stack([np.log2(SAMPLE_RATE / lags[best] / _LOWEST_PITCH), strength]).astype(np.float32)


def _autocorrelation(frames: Floats) -> Floats:
    """Computed from the power spectrum; padded, so that it does not wrap around."""
    return np.fft.irfft(np.abs(np.fft.rfft(frames, 2 * _FRAME)) ** 2)


_WINDOW_CORRELATION: Final = _autocorrelation(_WINDOW) / np.sum(_WINDOW**2)


def _tables_of_timbre(tracks: Floats, is_sound: Mask, is_voiced: Mask) -> tuple[Floats, ...]:
    """Statistics of the frames with sound, of those with a voice, of the slopes, and the deviation of their slopes."""
    speed = _slope(tracks)
    bend = _slope(speed)[is_sound].std(axis=0)[None]
    return _table(tracks[is_sound]), _table(tracks[is_voiced]), _table(speed[is_sound]), bend


def _melody(pitch: Floats, is_voiced: Mask, is_sound: Mask) -> Floats:
    """Changes of the pitch within voiced stretches, their lengths, and their number per frame of sound."""
    steps = np.diff(pitch)[is_voiced[1:] & is_voiced[:-1]]
    steps = np.append(steps[np.abs(steps) < _WRONG_OCTAVE], 0)  # never empty: a single frame has no change
    stretches = np.count_nonzero(is_voiced[1:] & ~is_voiced[:-1]) + 1
    length, rate = is_voiced.sum() / stretches, stretches / is_sound.sum()
    return np.array([steps.mean(), np.abs(steps).mean(), steps.std(), length, rate], np.float32)


def _slope(tracks: Floats) -> Floats:
    """The slope of the line through five frames, at each frame."""
    padded = np.pad(tracks, ((2, 2), (0, 0)), mode="edge")
    return (2 * (padded[4:] - padded[:-4]) + padded[3:-1] - padded[1:-3]) / 10


def _statistics(tracks: Floats) -> Floats:
    """Mean, deviation and quantiles of each track."""
    return _table(tracks).ravel()


def _table(tracks: Floats) -> Floats:
    """The same, shape (statistics, tracks)."""
    return np.vstack([tracks.mean(axis=0), tracks.std(axis=0), np.quantile(tracks, _QUANTILES, axis=0)])

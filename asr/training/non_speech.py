"""Synthetic sounds without speech, from which a speech model learns to return an empty transcript."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from asr.types import SAMPLE_RATE, Waveform

_SECONDS: Final = (0.7, 20.0)
_PEAKS: Final = (0.005, 0.9)

Samples = NDArray[np.float64]
Random = np.random.Generator


def sound_without_speech(random: Random) -> Waveform:
    """Noise, tones or repeated strokes, or two of these mixed, of 0.7 to 20 s; both length and peak are log-uniform."""
    count = int(np.exp(random.uniform(*np.log(_SECONDS))) * SAMPLE_RATE)
    makers = random.choice(np.array([_noise, _tones, _strokes]), random.integers(1, 3), replace=False)
    mixed = np.sum([maker(count, random) * random.uniform(0.1, 1) for maker in makers], axis=0)
    return np.asarray(mixed * np.exp(random.uniform(*np.log(_PEAKS))) / np.abs(mixed).max(), np.float32)


def _noise(count: int, random: Random) -> Samples:
    """Noise of any colour from white to brown, in a band or over all frequencies, of constant or varying level."""
    spectrum = np.fft.rfft(random.standard_normal(count))
    frequencies = np.fft.rfftfreq(count, 1 / SAMPLE_RATE)
    spectrum /= np.maximum(frequencies, 20) ** random.uniform(0, 1)
    if random.random() < 0.5:
        low = np.exp(random.uniform(np.log(50), np.log(3000)))
        spectrum[(frequencies < low) | (frequencies > low * random.uniform(1.5, 20))] = 0
    return _unit(np.fft.irfft(spectrum, count)) * _envelope(count, random)


def _tones(count: int, random: Random) -> Samples:
    """One to five tones, harmonic or not, steady or with vibrato, of constant or varying level."""
    times = np.arange(count) / SAMPLE_RATE
    root = np.exp(random.uniform(np.log(50), np.log(3500)))
    partials = random.integers(1, 6)
    ratios = (
        np.arange(1, partials + 1) if random.random() < 0.5 else 1 + np.cumsum(random.uniform(0, 1.5, partials)) - 1
    )
    bend = random.uniform(0, 8) * np.sin(2 * np.pi * random.uniform(0.1, 6) * times) if random.random() < 0.3 else 0
    tones = sum(
        np.sin(2 * np.pi * max(1.0, root * ratio) * times + bend) / number for number, ratio in enumerate(ratios, 1)
    )
    return _unit(np.asarray(tones)) * _envelope(count, random)


def _strokes(count: int, random: Random) -> Samples:
    """A short noise or tone that decays, again and again at regular or irregular times."""
    length = int(random.uniform(0.02, 0.8) * SAMPLE_RATE)
    every = np.exp(random.uniform(np.log(0.05), np.log(1.5)))
    decay = np.exp(-np.arange(length) / SAMPLE_RATE * random.uniform(3, 100))
    stroke = random.choice(np.array([_noise, _tones]))(length, random) * decay
    found, at = np.zeros(count + length), 0.0
    while (first := int(at * SAMPLE_RATE)) < count:
        found[first : first + length] += stroke * random.uniform(0.3, 1)
        at += every * random.uniform(0.7, 1.3)
    return _unit(found[:count])


def _envelope(count: int, random: Random) -> Samples:
    """A level: constant, rising and falling, or switched on and off."""
    shape = random.integers(3)
    if shape == 0:
        return np.ones(count)
    wave = np.sin(2 * np.pi * random.uniform(0.1, 8) * np.arange(count) / SAMPLE_RATE)
    return (1.1 + wave) / 2.1 if shape == 1 else np.asarray(wave > -0.3, np.float64)


def _unit(samples: Samples) -> Samples:
    return samples / max(1e-9, float(np.abs(samples).max()))

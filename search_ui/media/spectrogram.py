"""Images of audio: the waveform above the spectrogram, with one column per ten milliseconds.

The PNG is a mask: it contains only opacity, and the page's style sheet fills it with colours for light and dark mode.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image

from search_ui.errors import SpectrogramUnavailable

LONGEST: Final = 60.0
"""Seconds of audio in one image, at most."""

COLUMNS: Final = 100
"""Columns per second."""

LOUD_ROWS: Final = 56
PITCH_ROWS: Final = 128
"""Rows of the spectrogram, which are below those of the waveform."""

HIGHEST: Final = 8000.0
"""The frequency at the top of the spectrogram, in hertz; the scale is linear and starts at 0."""

WINDOW: Final = 0.025
"""Seconds of audio in the analysis window of one column."""

QUIETEST: Final = -55.0
"""The level that is fully transparent, in decibels relative to the maximum of the image."""

LEVELS: Final = 16
"""Levels of opacity; sixteen need only four bits per pixel."""

_RATES: Final = range(1000, 400_000)
_MOST_CHANNELS: Final = 32

Columns = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Spectrogram:
    """A PNG, and the part of the clip that it shows, from ``start`` to ``end`` in seconds."""

    png: bytes
    start: float
    end: float


def draw(audio: Path | BinaryIO, start: float, end: float | None) -> Spectrogram:
    """The image of an audio file from ``start`` to ``end`` in seconds, at most `LONGEST` from the start.

    Draws every format that is transcribed. Raises `SpectrogramUnavailable` if the file is not audio, or if that part of
    the file contains no audio.
    """
    end = min(start + LONGEST, start + LONGEST if end is None else end)
    try:
        with soundfile.SoundFile(audio) as opened:
            return _picture(opened, start, end)
    except soundfile.LibsndfileError:
        return _picture_of_part(audio, start, end)
    except OSError as problem:
        raise SpectrogramUnavailable(f"the file cannot be read ({problem.strerror})") from problem


def _picture_of_part(audio: Path | BinaryIO, start: float, end: float) -> Spectrogram:
    """The image of a file that libsndfile does not read, from its blocks between ``start`` and ``end``."""
    from hearsay.audio.reading import NOT_THIS_READER, readers_of  # the import is slow, and most files are others

    if isinstance(audio, Path):
        data = audio.read_bytes()
    else:
        audio.seek(0)
        data = audio.read()
    rate, passed, parts = 0, 0.0, []
    try:
        for own, block in readers_of(data)[-1](data):
            rate = rate or own
            after = passed + len(block) / own
            if after > start:
                part = block[round(max(0.0, start - passed) * own) :].mean(axis=1)
                places = np.arange(0, len(part), own / rate)
                parts.append(part if own == rate else np.interp(places, np.arange(len(part)), part))
            passed = after
            if passed > end + 1:  # windows extend a little beyond the end
                break
    except NOT_THIS_READER as problem:
        if not parts:
            raise SpectrogramUnavailable("the file is not audio, or it is damaged") from problem
    if not parts:
        raise SpectrogramUnavailable(f"the file contains no audio between {start:g} s and {end:g} s")
    wave = io.BytesIO()
    soundfile.write(wave, np.concatenate(parts), rate, format="WAV", subtype="FLOAT")
    wave.seek(0)
    with soundfile.SoundFile(wave) as opened:
        drawn = _picture(opened, 0, end - start)
    return replace(drawn, start=start, end=start + drawn.end)


def _picture(opened: soundfile.SoundFile, start: float, end: float) -> Spectrogram:
    rate = opened.samplerate
    if rate not in _RATES or opened.channels > _MOST_CHANNELS:
        raise SpectrogramUnavailable(f"{rate:,} samples per second and {opened.channels:,} channels are not supported")
    step = rate // COLUMNS
    first, last = int(start * rate), min(int(end * rate), opened.frames)
    if last - first < step:
        raise SpectrogramUnavailable(f"the file contains no audio between {start:g} s and {end:g} s")
    opened.seek(first)
    seconds = list(_seconds(opened, step, (last - first) // step))
    loud, pitch = (np.concatenate(parts) for parts in zip(*seconds, strict=True))
    mask = np.vstack([_bars(loud), _shades(pitch)])
    return Spectrogram(_png(mask), first / rate, (first + len(loud) * step) / rate)


def _seconds(opened: soundfile.SoundFile, step: int, columns: int) -> Iterator[tuple[Columns, Columns]]:
    """About a second at a time, mixed to mono: the peak and the spectrum of each column."""
    window = np.hanning(max(step, round(WINDOW * opened.samplerate))).astype(np.float32)
    mono: Columns = np.empty(0, np.float32)
    for column in range(0, columns, COLUMNS):
        number = min(COLUMNS, columns - column)
        missing = (number - 1) * step + len(window) - len(mono)  # windows extend into the next second
        samples = opened.read(missing, dtype="float32", always_2d=True, fill_value=0.0)
        more = np.nan_to_num(samples, posinf=0.0, neginf=0.0).clip(-10, 10).mean(axis=1)
        mono = np.concatenate([mono, more])
        yield np.abs(mono[: number * step]).reshape(number, step).max(axis=1), _spectra(mono, window, step, number)
        mono = mono[number * step :]


def _spectra(mono: Columns, window: Columns, step: int, number: int) -> Columns:
    """Magnitudes, (number, PITCH_ROWS), lowest frequency first; 0 above half the sample rate of the file."""
    frames = np.lib.stride_tricks.sliding_window_view(mono, len(window))[::step][:number]
    bins: Columns = np.abs(np.fft.rfft(frames * window, axis=1)).astype(np.float32)
    rows = np.rint(np.linspace(0, HIGHEST, PITCH_ROWS) * WINDOW).astype(int)  # bins are 1 / WINDOW hertz apart
    spectra: Columns = np.where(rows < bins.shape[1], bins[:, np.minimum(rows, bins.shape[1] - 1)], 0)
    return spectra


def _bars(loud: Columns) -> Columns:
    """The waveform as bars around the middle, scaled to its maximum; (LOUD_ROWS, columns) of 0 or 1."""
    height = loud / max(float(loud.max()), 1e-6) * LOUD_ROWS / 2
    from_middle = np.abs(np.arange(LOUD_ROWS) - (LOUD_ROWS - 1) / 2)
    bars: Columns = (from_middle[:, None] <= np.maximum(height, 0.5)).astype(np.float32)
    return bars


def _shades(pitch: Columns) -> Columns:
    """The spectrogram, highest frequency first; (PITCH_ROWS, columns) from 0, for `QUIETEST` and below, to 1."""
    decibels = 20 * np.log10(pitch / max(float(pitch.max()), 1e-6) + 1e-9)
    shades: Columns = (1 - decibels / QUIETEST).clip(0, 1).T[::-1]
    return shades


def _png(mask: Columns) -> bytes:
    """A mask of 0..1 as a PNG with that opacity."""
    image = Image.fromarray(np.rint(mask * (LEVELS - 1)).astype(np.uint8)).convert("P")
    written = io.BytesIO()
    image.save(written, "PNG", bits=4, transparency=bytes(level * 255 // (LEVELS - 1) for level in range(LEVELS)))
    return written.getvalue()

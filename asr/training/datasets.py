"""Training data: folders of clips with a table of speakers and emotions."""

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asr.audio.decoding import decode_audio
from asr.emotion.acoustic_features import voice_features
from asr.errors import BadSource
from asr.types import SAMPLE_RATE, Waveform
from hearsay.records.emotions import canonical_emotion

_CHANNELS: Final = 2
_MAX_SECONDS: Final = 600.0

Vector = NDArray[np.float64]
Names = NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class LabelledVoices:
    """The training clips: features of the recording and of altered copies, shape (clips, features) each."""

    recorded: Vector
    changed: tuple[Vector, ...]
    emotions: Names
    speakers: Names

    def only(self, chosen: NDArray[np.bool_]) -> "LabelledVoices":
        changed = tuple(features[chosen] for features in self.changed)
        return LabelledVoices(self.recorded[chosen], changed, self.emotions[chosen], self.speakers[chosen])


def read_labelled_voices(
    folder: Path, describe: Callable[[Waveform], Vector | None] = voice_features
) -> LabelledVoices:
    """The clips of a labelled folder, with altered copies; clips without a voice are skipped.

    ``describe`` gives the features of a waveform, shape (features,), or None if it has no voice.
    """
    random = np.random.default_rng(2005)
    kept: list[tuple[Sequence[Vector], str, str]] = []
    for row in read_labels(folder, ("file", "emotion", "speaker")):
        waveform = read_waveform(folder / row["file"])
        changed = [through_another_channel(waveform, random) for _ in range(_CHANNELS)]
        features = [found for each in (waveform, *changed) if (found := describe(each)) is not None]
        if len(features) == 1 + _CHANNELS:
            kept.append((features, canonical_emotion(row["emotion"]), row["speaker"]))
    if len({speaker for _, _, speaker in kept}) < 2:
        raise BadSource(
            f"{folder} has fewer than two speakers; add another, since each is scored by a model of the others."
        )
    channels = [np.array([features[at] for features, _, _ in kept]) for at in range(1 + _CHANNELS)]
    emotions, speakers = (np.array([clip[at] for clip in kept]) for at in (1, 2))
    return LabelledVoices(channels[0], tuple(channels[1:]), emotions, speakers)


def read_labels(folder: Path, columns: Iterable[str]) -> list[dict[str, str]]:
    """The rows of ``labels.csv``; raises `BadSource` if it is missing or lacks a column."""
    table = folder / "labels.csv"
    try:
        with table.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except OSError as problem:
        raise BadSource(
            f"{table} cannot be read ({problem.strerror}); write the emotion of each clip there."
        ) from problem
    if not rows or (missing := set(columns) - rows[0].keys()):
        raise BadSource(f"{table} lacks {', '.join(sorted(missing)) if rows else 'rows'}.")
    return rows


def read_waveform(path: Path) -> Waveform:
    """The waveform of a file; raises `BadSource` if it cannot be read, and `AudioError` if it is not audio."""
    try:
        return decode_audio(path.read_bytes(), _MAX_SECONDS)
    except OSError as problem:
        raise BadSource(f"{path} cannot be read: {problem.strerror}.") from problem


def through_another_channel(waveform: Waveform, random: np.random.Generator) -> Waveform:
    """A copy as from another microphone and room: six bands changed by up to 8 dB, and noise at 15 to 40 dB SNR."""
    places = np.log2(1 + np.fft.rfftfreq(len(waveform), 1 / SAMPLE_RATE) / 200)
    decibels = np.interp(places, np.linspace(0, places[-1], 6), random.uniform(-8, 8, 6))
    changed = np.fft.irfft(np.fft.rfft(waveform) * 10 ** (decibels / 20), len(waveform))
    noise = random.normal(size=len(waveform)) * np.sqrt(np.mean(changed**2)) * 10 ** (-random.uniform(15, 40) / 20)
    return np.asarray(changed + noise, np.float32)

"""Voice activity detection: the stretches of a clip that contain speech, and where a long clip is cut."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from asr.audio.samples import release_pages
from asr.audio.silero import CHUNK, silero_vad
from asr.types import SAMPLE_RATE, DecodedAudio, Stretch, Waveform

LONGEST_PIECE: Final = 30.0
"""Seconds of audio in one forward pass. A longer clip is cut at its pauses, so that memory does not grow with it."""

LONGEST_STRETCH: Final = 22.0
"""Maximum seconds of a stretch of speech; a longer one is cut, so that it fits into the window of every model."""

_FRAME: Final = SAMPLE_RATE // 50
_LIKELY: Final = 0.5  # as the authors of Silero VAD recommend, and 0.15 less within speech
_POSSIBLE: Final = 0.35
_BLOCK: Final = 3000 * _FRAME  # a minute at a time, since the squared samples of an hour would take half a gigabyte
_LOWEST_FLOOR: Final = -70.0
_SILENCE: Final = -65.0
_SHORTEST_PAUSE: Final = 15  # frames: 0.3 s, longer than the closure of any plosive
_MARGIN: Final = 7  # frames kept before and after speech: 0.14 s, for soft onsets and endings
_CUT_WIDTH: Final = 5  # frames over which the level is averaged to find a quiet point


Flags = NDArray[np.bool_]


class SpeechNetwork(Protocol):
    """A network for voice activity detection: `asr.audio.silero.SileroVad`."""

    def probabilities(self, waveform: Waveform) -> NDArray[np.float32]:
        """The probability of speech in each `asr.audio.silero.CHUNK` of samples."""
        ...


def detect_speech(waveform: Waveform) -> DecodedAudio:
    """The waveform with its `stretches`. Called once per clip, after decoding; models and segments use the result.

    The network processes recordings that are divided. Shorter ones are transcribed whole, whatever it says.
    """
    network = silero_vad() if len(waveform) > LONGEST_STRETCH * SAMPLE_RATE else None
    return DecodedAudio(waveform, tuple(stretches(waveform, network=network)))


def stretches(
    waveform: Waveform, longest: float = LONGEST_STRETCH, network: SpeechNetwork | None = None
) -> list[Stretch]:
    """The stretches of speech between pauses, in samples: in order, disjoint, none longer than ``longest`` seconds.

    A stretch is a run of frames that are loud, or speech by the network. A pause lasts at least 0.3 s. A stretch
    without pauses is cut at its quietest point. Silence has no stretches.
    """
    levels = frame_levels(waveform)
    if not len(levels) or levels.max() < _SILENCE:
        return []
    is_speech = _loud_frames(levels)
    if network is not None:
        chunks = network.probabilities(waveform)
        probabilities = chunks[np.minimum(np.arange(len(levels)) * _FRAME // CHUNK, len(chunks) - 1)]
        is_speech |= _grown(probabilities >= _LIKELY, probabilities >= _POSSIBLE)
    found = []
    for first, last in _between_pauses(is_speech):
        for start, end in _split(levels, first, last, max(2 * _CUT_WIDTH, int(longest * SAMPLE_RATE) // _FRAME)):
            found.append((start * _FRAME, min(end * _FRAME, len(waveform))))
    return found


def pieces(audio: DecodedAudio, longest: float = LONGEST_PIECE, longest_run: float | None = None) -> list[Stretch]:
    """What a model processes in one pass: a clip of up to ``longest`` seconds whole, else runs of its stretches.

    Runs last at most ``longest_run`` seconds (default: ``longest``) if no stretch is longer. Silence has no pieces.
    """
    if audio.stretches and len(audio.waveform) <= int(longest * SAMPLE_RATE):
        return [(0, len(audio.waveform))]
    return runs_of(audio.stretches, longest_run or longest)


def runs_of(found: Sequence[Stretch], longest: float = LONGEST_PIECE) -> list[Stretch]:
    """Neighbouring stretches joined to runs of at most ``longest`` seconds, with the pauses between them."""
    limit = int(longest * SAMPLE_RATE)
    runs = list(found[:1])
    for start, end in found[1:]:
        if end - runs[-1][0] <= limit:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return runs


def frame_levels(waveform: Waveform) -> NDArray[np.float64]:
    """The level of each frame of 20 ms in dB relative to full scale, at least -100; the last frame may be shorter."""
    levels = [np.zeros(0)]
    for first in range(0, len(waveform), _BLOCK):
        levels.append(_levels(waveform[first : first + _BLOCK]))
        release_pages(waveform)
    return np.concatenate(levels)


def _levels(block: Waveform) -> NDArray[np.float64]:
    starts = np.arange(0, len(block), _FRAME)
    energy = np.add.reduceat(np.square(block, dtype=np.float64), starts)
    lengths = np.diff(starts, append=len(block))
    return 10 * np.log10(np.maximum(energy / lengths, 1e-10))


def _loud_frames(levels: NDArray[np.float64]) -> Flags:
    """Frames above the recording's threshold, and adjacent frames down to 4 dB below it.

    The threshold is a third of the distance from the noise floor, the 10th percentile, to the 95th, and at most 10 dB
    over the floor. If the level is constant, all frames are above it.
    """
    floor = max(_LOWEST_FLOOR, float(np.percentile(levels, 10)))
    span = float(np.percentile(levels, 95)) - floor
    if span < 10:  # no pause is recognisable
        floor, span = _LOWEST_FLOOR, 10
    threshold = floor + min(10.0, span / 3)
    return _grown(levels >= threshold, levels >= threshold - 4)


def _grown(seeds: Flags, field: Flags) -> Flags:
    """The runs of ``field`` that contain a seed."""
    grown = np.zeros(len(field), bool)
    for first, last in _runs(field | seeds):
        grown[first:last] = seeds[first:last].any()
    return grown


def _runs(flags: Flags) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _between_pauses(is_speech: Flags) -> list[tuple[int, int]]:
    """Runs of speech with margins; runs that are closer than a pause are joined."""
    joined: list[tuple[int, int]] = []
    for first, last in _runs(is_speech):
        if joined and first - joined[-1][1] < _SHORTEST_PAUSE:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return [(max(0, first - _MARGIN), min(len(is_speech), last + _MARGIN)) for first, last in joined]


def _split(levels: NDArray[np.float64], first: int, last: int, longest: int) -> Iterator[tuple[int, int]]:
    """A run of frames in parts of at most ``longest``, each cut at the quietest point of its second half."""
    cuts = [first]
    while last - cuts[-1] > longest:
        earliest = cuts[-1] + longest // 2
        around = np.convolve(levels[earliest : cuts[-1] + longest], np.ones(_CUT_WIDTH), mode="same")
        cuts.append(earliest + max(1, int(np.argmin(around))))
    return pairwise([*cuts, last])

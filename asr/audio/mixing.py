"""Downmixing to mono without cancellation."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from hearsay.audio.reading import Samples

_BLOCKS_A_SECOND: Final = 10
_FADES_A_SECOND: Final = 100
"""Weights change over 10 ms, so that the change does not click."""

_SILENT: Final = 1e-3
"""Power of a channel, relative to the loudest, below which it is left out of the mix: 30 dB."""

_CANCELLED: Final = 0.25
"""Power of a mix, relative to that of unrelated channels, below which its channels cancel each other: 6 dB."""

_LOUDER: Final = 2.0
"""Factor in power by which another channel must be louder to be used instead."""

_NOTHING: Final = 1e-12

Mono = NDArray[np.float32]


class Mixer:
    """Mixes blocks of one sample rate and number of channels to mono.

    Each tenth of a second is the mean of the channels that are not silent in it. Where that mean cancels them, as with
    a microphone wired in opposite phase, it is the loudest channel instead. ``cancelled`` counts these seconds.
    """

    def __init__(self, rate: int, channels: int) -> None:
        self.cancelled = 0.0
        self._frames = max(1, rate // _BLOCKS_A_SECOND)
        self._fade = max(1, rate // _FADES_A_SECOND)
        self._weights = np.full(channels, 1 / channels, np.float32)
        self._is_alone = False
        self._rest: Samples = np.zeros((0, channels), np.float32)
        self._channels = channels

    def mixed(self, samples: Samples) -> Mono:
        """The mix of all whole blocks so far; shape (frames,)."""
        if self._channels == 1:
            return samples[:, 0]
        samples = np.concatenate([self._rest, samples])
        whole = len(samples) // self._frames * self._frames
        self._rest = samples[whole:]
        return self._mix(samples[:whole].reshape(-1, self._frames, self._channels))

    def rest(self) -> Mono:
        """The mix of the frames after the last whole block."""
        rest, self._rest = self._rest, self._rest[:0]
        return self._mix(rest[None]) if len(rest) else np.zeros(0, np.float32)

    def _mix(self, blocks: Samples) -> Mono:
        """Blocks of shape (blocks, frames, channels) as one waveform."""
        powers = np.square(blocks, dtype=np.float64).mean(axis=1)
        is_active = powers >= np.maximum(powers.max(axis=1, keepdims=True, initial=0) * _SILENT, _NOTHING)
        counts = np.maximum(is_active.sum(axis=1), 1)
        means = np.einsum("bfc,bc->bf", blocks, (is_active / counts[:, None]).astype(np.float32))
        unrelated = (powers * is_active).sum(axis=1) / counts**2
        is_cancelled = np.square(means, dtype=np.float64).mean(axis=1) < _CANCELLED * unrelated
        for number, own in enumerate(powers):
            before = self._weights
            if is_cancelled[number]:
                self.cancelled += blocks.shape[1] / self._frames / _BLOCKS_A_SECOND
                self._use_one(own)
                means[number] = blocks[number] @ self._weights
            elif is_active[number].any():
                self._is_alone = False
                self._weights = (is_active[number] / counts[number]).astype(np.float32)
            else:
                means[number] = blocks[number] @ self._weights
            if not np.array_equal(before, self._weights):
                _fade_in(means[number], blocks[number], before, self._fade)
        mixed: Mono = means.reshape(-1)
        return mixed

    def _use_one(self, powers: NDArray[np.float64]) -> None:
        """Take the loudest channel, or keep one that is about as loud: a change may invert the phase."""
        loudest = int(powers.argmax())
        current = int(self._weights.argmax())
        if not self._is_alone or powers[loudest] > _LOUDER * powers[current]:
            self._weights = np.eye(self._channels, dtype=np.float32)[loudest]
        self._is_alone = True


def _fade_in(mix: Mono, block: Samples, before: NDArray[np.float32], frames: int) -> None:
    """Fade in a block from the weights of the previous one."""
    frames = min(frames, len(mix))
    share = np.linspace(0, 1, frames, endpoint=False, dtype=np.float32)
    mix[:frames] = share * mix[:frames] + (1 - share) * (block[:frames] @ before)

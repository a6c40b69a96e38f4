"""The first layers of Whisper's encoder, in numpy: CTranslate2 returns the last layer only, and torch may be missing.

Each clip is computed on its own, so that its embedding does not depend on others.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asr.audio.mel import log_mel
from asr.errors import ModelUnavailable
from asr.inference.ctranslate2_file import Ctranslate2File, read_ctranslate2
from asr.types import SAMPLE_RATE, Waveform

Floats = NDArray[np.float32]

_SPEC: Final = "WhisperSpec"
_FRAMES_A_SECOND: Final = 100  # of the spectrogram; the encoder returns half as many
_LOUD_RANGE: Final = 3.5  # decades of power (35 dB) below the loudest frame
_MARGIN: Final = 10  # frames kept around the loud ones
_LONGEST: Final = 1_000  # frames of one pass
_SHORTEST: Final = 30  # frames: 0.3 s
_STEP: Final = 4  # of the states of the last layer, one is computed: neighbours, 20 ms apart, are alike
_GELU: Final = (2 / np.pi) ** 0.5


Linear = tuple[Floats, Floats]
"""A matrix, shape (out, in), and what is added, shape (out,)."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """The weights of a transformer layer; those of the normalisations are part of the matrices that follow them."""

    queries: Linear
    keys_and_values: Linear
    output: Linear
    wide: Linear
    narrow: Linear


class WhisperEncoder:
    """The first ``layers`` layers of the encoder in a model folder in CTranslate2's format.

    Raises `ModelUnavailable` if the folder does not contain Whisper's weights in float16 or float32, or fewer layers.
    """

    def __init__(self, folder: Path, layers: int) -> None:
        file = read_ctranslate2(folder / "model.bin")
        if file.spec != _SPEC or file.variables["encoder/conv1/weight"].dtype == np.int8:
            raise ModelUnavailable(
                f"{folder} does not contain a Whisper model in float16 or float32; name another one."
            )
        if layers > file.layers("encoder"):
            raise ModelUnavailable(f"The encoder of {folder} has {file.layers('encoder')} layers, not {layers}.")
        self._heads = int(file.variables["encoder/num_heads"])
        self._first, self._second = (_convolution(file, f"encoder/conv{number}") for number in (1, 2))
        self._positions = _floats(file, "encoder/position_encodings/encodings")
        self._layers = [_layer(file, f"encoder/layer_{number}", self._heads) for number in range(layers)]
        self._bands = file.variables["encoder/conv1/weight"].shape[1]

    def embedding(self, waveform: Waveform) -> Floats | None:
        """The mean of each layer's states over the clip, shape (layers, width); None without 0.3 s of sound.

        Only frames between the first and the last within 35 dB of the loudest count, so that silence around the clip
        changes nothing. A longer clip than 10 s is computed in parts of equal length.
        """
        features = self._features(waveform)
        if features is None:
            return None
        parts = np.array_split(features, -(-len(features) // _LONGEST))
        means = [self.means(part) for part in parts]
        return np.average(means, axis=0, weights=[len(part) for part in parts]).astype(np.float32)

    def means(self, features: Floats) -> Floats:
        """The mean of the states after each layer, shape (layers, width), for a spectrogram (frames, bands).

        After the last layer it is that of every fourth state.
        """
        states = _gelu(_convolved(features, self._first, 1))
        states = _gelu(_convolved(states, self._second, 2))
        states += self._positions[: len(states)]
        found = []
        for number, layer in enumerate(self._layers, 1):
            is_last = number == len(self._layers)
            normed = _normed(states)
            if is_last:
                states = states[::_STEP].copy()
            states += self._attended(normed, layer, _STEP if is_last else 1)
            hidden = _gelu(_linear(_normed(states), layer.wide))
            # a mean before a linear map is the mean after it, so that the last map has a single row
            found.append(states.mean(axis=0) + _linear(hidden.mean(axis=0), layer.narrow))
            if not is_last:
                states += _linear(hidden, layer.narrow)
        return np.stack(found)

    def _features(self, waveform: Waveform) -> Floats | None:
        """The spectrogram between the first and the last loud frame, shape (frames, bands)."""
        frames = len(waveform) * _FRAMES_A_SECOND // SAMPLE_RATE
        if frames < _SHORTEST or not waveform.any():
            return None
        features = log_mel(waveform, frames, self._bands).T
        power = np.log10((10.0 ** (4 * features - 4)).sum(axis=1))
        loud = np.flatnonzero(power > power.max() - _LOUD_RANGE)
        if loud[-1] - loud[0] < _SHORTEST:
            return None
        return np.ascontiguousarray(features[max(0, loud[0] - _MARGIN) : loud[-1] + 1 + _MARGIN])

    def _attended(self, states: Floats, layer: _Layer, step: int) -> Floats:
        """The attention over all states from every ``step``-th one."""
        keys, values = self._of_heads(_linear(states, layer.keys_and_values), 2)
        (queries,) = self._of_heads(_linear(states[::step], layer.queries), 1)
        shares = queries @ keys.transpose(0, 2, 1)
        shares -= shares.max(axis=-1, keepdims=True)
        np.exp(shares, out=shares)
        means = shares @ values
        means /= shares.sum(axis=-1, keepdims=True)
        return _linear(means.transpose(1, 0, 2).reshape(-1, states.shape[1]), layer.output)

    def _of_heads(self, projected: Floats, parts: int) -> Floats:
        """The projected states, shape (parts, heads, frames, width of a head)."""
        split = projected.reshape(len(projected), parts, self._heads, -1)
        return np.ascontiguousarray(split.transpose(1, 2, 0, 3))


def _layer(file: Ctranslate2File, place: str, heads: int) -> _Layer:
    attention, feed_forward = f"{place}/self_attention", f"{place}/ffn"
    matrix, bias = _after_norm(file, attention)
    width = matrix.shape[1]
    scale = np.float32((width // heads) ** -0.5)
    return _Layer(
        queries=(matrix[:width] * scale, bias[:width] * scale),
        keys_and_values=(matrix[width:], bias[width:]),
        output=_pair(file, f"{attention}/linear_1", "weight", "bias"),
        wide=_after_norm(file, feed_forward),
        narrow=_pair(file, f"{feed_forward}/linear_1", "weight", "bias"),
    )


def _after_norm(file: Ctranslate2File, place: str) -> Linear:
    """A linear map for states that are normalised, but neither scaled nor shifted."""
    scale, shift = _pair(file, f"{place}/layer_norm", "gamma", "beta")
    matrix, bias = _pair(file, f"{place}/linear_0", "weight", "bias")
    return matrix * scale, matrix @ shift + bias


def _pair(file: Ctranslate2File, place: str, first: str, second: str) -> tuple[Floats, Floats]:
    return _floats(file, f"{place}/{first}"), _floats(file, f"{place}/{second}")


def _floats(file: Ctranslate2File, name: str) -> Floats:
    return np.asarray(file.variables[name], np.float32)


def _convolution(file: Ctranslate2File, place: str) -> Linear:
    """A convolution of three steps as a matrix, shape (out, 3 * in)."""
    weight, bias = _pair(file, place, "weight", "bias")
    return np.ascontiguousarray(weight.transpose(0, 2, 1)).reshape(len(weight), -1), bias


def _convolved(states: Floats, convolution: Linear, stride: int) -> Floats:
    padded = np.pad(states, ((1, 1), (0, 0)))
    windows = np.concatenate([padded[:-2], padded[1:-1], padded[2:]], axis=1)[::stride]
    return _linear(windows, convolution)


def _linear(states: Floats, weights: Linear) -> Floats:
    matrix, bias = weights
    mapped = states @ matrix.T
    mapped += bias
    return np.asarray(mapped)


def _normed(states: Floats) -> Floats:
    """Each row with the mean 0 and the variance 1."""
    centred = states - states.mean(axis=-1, keepdims=True)
    variance = np.einsum("ij,ij->i", centred, centred)[:, None] / np.float32(states.shape[-1])
    centred /= np.sqrt(variance + np.float32(1e-5))
    return np.asarray(centred)


def _gelu(values: Floats) -> Floats:
    """GELU in its approximation by tanh, which differs by up to 0.0005 from that of the error function."""
    factors = np.square(values)
    factors *= np.float32(0.044715 * _GELU)
    factors += np.float32(_GELU)
    factors *= values
    np.tanh(factors, out=factors)
    factors += np.float32(1)
    factors *= values
    factors *= np.float32(0.5)
    return factors

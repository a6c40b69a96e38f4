"""The embedded emotion tagger: a small linear model of how a voice sounds, shipped with the project.

docs/emotion.md says what it was trained on, how well it hears, and why it is silent so often.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from asr.emotion.acoustic_features import voice_features
from asr.errors import ModelUnavailable
from asr.inference.weights import weights_digest
from asr.types import NO_EMOTION, DecodedAudio, EmotionOutput, Waveform
from hearsay.records.emotions import UNCERTAIN

MODEL: Final = Path(__file__).with_name("linear_model.json")
"""The model that ships with the project; `asr.training.emotion` makes it."""

NEVER_REPORTED: Final = frozenset({"boredom"})
"""Scored, so that a flat voice is not taken for a sad one, but never said: anybody who reads aloud sounds like it."""

VECTORS: Final = ("mean", "deviation", "weights", "bias")
LIMITS: Final = ("min_score", "max_strangeness")

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LinearClassifier:
    """Multinomial logistic regression over standardised `voice_features`.

    ``mean`` and ``deviation`` have the shape (features,), ``weights`` (features, labels), ``bias`` (labels,).
    """

    labels: tuple[str, ...]
    mean: Vector
    deviation: Vector
    weights: Vector
    bias: Vector
    min_score: float
    """Below this probability it says nothing."""
    max_strangeness: float
    """Beyond this distance from what it was trained on it says nothing."""

    def probabilities(self, features: Vector) -> Vector:
        """Of every label; features of shape (…, features) give (…, labels)."""
        logits = self._standardised(features) @ self.weights + self.bias
        likelihoods = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return np.asarray(likelihoods / likelihoods.sum(axis=-1, keepdims=True))

    def strangeness(self, features: Vector) -> Vector:
        """Root mean square of the standardised features: about 1 for a voice like those of the training."""
        return np.asarray(np.sqrt(np.mean(self._standardised(features) ** 2, axis=-1)))

    def accepts(self, label: str, score: float, strangeness: float) -> bool:
        """Whether its best label is good enough to be said."""
        return label not in NEVER_REPORTED and score >= self.min_score and strangeness <= self.max_strangeness

    def emotion(self, waveform: Waveform) -> EmotionOutput:
        """The emotion in one waveform; `NO_EMOTION` where there is no voice in it."""
        if (features := voice_features(waveform)) is None:
            return NO_EMOTION
        scores = dict(zip(self.labels, self.probabilities(features).tolist(), strict=True))
        best = max(scores, key=scores.__getitem__)
        is_accepted = self.accepts(best, scores[best], float(self.strangeness(features)))
        return EmotionOutput(best if is_accepted else UNCERTAIN, scores[best], scores)

    def _standardised(self, features: Vector) -> Vector:
        return (features - self.mean) / self.deviation

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "LinearClassifier":
        """The model of a file's fields; raises `KeyError`, `TypeError` or `ValueError` where it is none."""
        mean, deviation, weights, bias = (np.array(fields[name], np.float64) for name in VECTORS)
        limits = (float(fields[name]) for name in LIMITS)
        return cls(tuple(fields["labels"]), mean, deviation, weights, bias, *limits)


class LinearEmotionModel:
    """Hears the emotion in the sound of a voice, without torch, and says ``uncertain`` rather than guess."""

    name: Final = "classic"
    device: Final = "cpu"
    precision: Final = ""
    padding_ratio: Final = 1.0

    def __init__(self, model: Path = MODEL) -> None:
        """Raises `ModelUnavailable` where the file is not there or holds no model."""
        try:
            self._model = LinearClassifier.from_json(json.loads(model.read_text(encoding="utf-8")))
        except (OSError, KeyError, TypeError, ValueError) as problem:
            advice = "install the project again, or make one with python -m asr.training.emotion"
            raise ModelUnavailable(f"{model} holds no classic emotion model ({problem}); {advice}.") from problem
        self.weights = weights_digest({"model": model})

    def tag(self, clips: Sequence[DecodedAudio]) -> list[EmotionOutput]:
        return [self._model.emotion(clip.waveform) for clip in clips]

    def close(self) -> None:
        """Nothing is held."""

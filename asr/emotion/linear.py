"""The built-in emotion model: a small linear classifier over acoustic features, shipped with the project.

docs/emotion.md describes its training data, its accuracy, and why it often reports no label.
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
"""Scored, so that a flat voice does not count as sad, but never reported: reading aloud sounds like it."""

VECTORS: Final = ("mean", "deviation", "weights", "bias")
LIMITS: Final = ("min_score", "max_strangeness")

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LinearClassifier:
    """Multinomial logistic regression over standardised features.

    ``mean`` and ``deviation`` have the shape (features,), ``weights`` (features, labels), ``bias`` (labels,).
    """

    labels: tuple[str, ...]
    mean: Vector
    deviation: Vector
    weights: Vector
    bias: Vector
    min_score: float
    """Minimum probability of a reported label."""
    max_strangeness: float
    """Maximum distance from the training data at which a label is reported."""

    def probabilities(self, features: Vector) -> Vector:
        """The probability of each label; features of shape (…, features) give (…, labels)."""
        logits = self._standardised(features) @ self.weights + self.bias
        likelihoods = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return np.asarray(likelihoods / likelihoods.sum(axis=-1, keepdims=True))

    def strangeness(self, features: Vector) -> Vector:
        """Root mean square of the standardised features: about 1 for a voice like those in the training data."""
        return np.asarray(np.sqrt(np.mean(self._standardised(features) ** 2, axis=-1)))

    def accepts(self, label: str, score: float, strangeness: float) -> bool:
        """Whether the best label is reported."""
        return label not in NEVER_REPORTED and score >= self.min_score and strangeness <= self.max_strangeness

    def emotion(self, waveform: Waveform) -> EmotionOutput:
        """The emotion in one waveform by its `voice_features`; `NO_EMOTION` if it contains no voice."""
        features = voice_features(waveform)
        return NO_EMOTION if features is None else self.emotion_of(features)

    def emotion_of(self, features: Vector) -> EmotionOutput:
        """The emotion by the features of one clip, shape (features,)."""
        scores = dict(zip(self.labels, self.probabilities(features).tolist(), strict=True))
        best = max(scores, key=scores.__getitem__)
        is_accepted = self.accepts(best, scores[best], float(self.strangeness(features)))
        return EmotionOutput(best if is_accepted else UNCERTAIN, scores[best], scores)

    def _standardised(self, features: Vector) -> Vector:
        return (features - self.mean) / self.deviation

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "LinearClassifier":
        """The model from the fields of a file; raises `KeyError`, `TypeError` or `ValueError` if they are invalid."""
        mean, deviation, weights, bias = (np.array(fields[name], np.float64) for name in VECTORS)
        limits = (float(fields[name]) for name in LIMITS)
        return cls(tuple(fields["labels"]), mean, deviation, weights, bias, *limits)


class LinearEmotionModel:
    """Recognises emotion from acoustic features, without torch; if unsure, the label is ``uncertain``."""

    name: Final = "classic"
    device: Final = "cpu"
    precision: Final = ""
    padding_ratio: Final = 1.0

    def __init__(self, model: Path = MODEL) -> None:
        """Load the model; raises `ModelUnavailable` if the file is missing or invalid."""
        try:
            self._model = LinearClassifier.from_json(json.loads(model.read_text(encoding="utf-8")))
        except (OSError, KeyError, TypeError, ValueError) as problem:
            advice = "install the project again, or train a model with python -m asr.training.emotion"
            raise ModelUnavailable(f"{model} is not a classic emotion model ({problem}); {advice}.") from problem
        self.weights = weights_digest({"model": model})

    def tag(self, clips: Sequence[DecodedAudio]) -> list[EmotionOutput]:
        return [self._model.emotion(clip.waveform) for clip in clips]

    def close(self) -> None:
        """Do nothing: the model holds no resources."""

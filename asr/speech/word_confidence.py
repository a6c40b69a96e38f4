"""Calibrated word confidence: from a model's token probabilities to the share of correct words."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

TABLE: Final = Path(__file__).with_name("word_confidence.json")
"""Coefficients by the digest of a model's weights, written by ``bench/recognition.py --calibrate``."""

_LEAST: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logistic regression of word correctness on the mean log probability of the word's tokens."""

    bias: float
    slope: float

    def confidence(self, probabilities: Sequence[float]) -> float:
        """The probability that a word whose tokens have these probabilities is correct, 0..1."""
        return 1 / (1 + math.exp(-(self.bias + self.slope * mean_log(probabilities))))


def mean_log(probabilities: Sequence[float]) -> float:
    """The mean of the logarithms of a word's token probabilities."""
    return sum(math.log(max(probability, _LEAST)) for probability in probabilities) / len(probabilities)


def confidence_of(weights: str) -> Callable[[Sequence[float]], float]:
    """The function from the probabilities of a word's tokens to its confidence, by the digest of a model's weights.

    For a model without a calibration it is their geometric mean, which is too high for most words.
    """
    calibration = _table().get(weights)
    return calibration.confidence if calibration else lambda probabilities: math.exp(mean_log(probabilities))


@cache
def _table() -> dict[str, Calibration]:
    return {
        digest: Calibration(own["bias"], own["slope"]) for digest, own in json.loads(TABLE.read_text("utf-8")).items()
    }

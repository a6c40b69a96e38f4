"""The parameters by which the probability of possible matches is estimated."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

MOST_COUNTED: Final = 3
"""Queries of at least this many words share their parameters."""


@dataclass(frozen=True, eq=False, slots=True)
class Regressions:
    """Logistic regressions, and from which probability on possible matches are shown.

    ``word`` has the weights of one lost word, shape (features,), and ``several`` those of queries of two words, and of
    three and more, shape (2, features). ``thresholds`` has the least probability that is shown for one, two, and three
    or more words.
    """

    word: NDArray[np.float64]
    several: NDArray[np.float64]
    thresholds: tuple[float, float, float]

    def threshold(self, words: int) -> float:
        """The least probability that is shown for a query of this many words."""
        return self.thresholds[min(max(1, words), MOST_COUNTED) - 1]

    def weights(self, words: int) -> NDArray[np.float64]:
        """The weights for a query of this many words."""
        return self.word if words <= 1 else self.several[min(words, MOST_COUNTED) - 2]

    def to_json(self) -> dict[str, Any]:
        return {
            "word": np.round(self.word, 5).tolist(),
            "several": np.round(self.several, 5).tolist(),
            "thresholds": list(self.thresholds),
        }

    @classmethod
    def from_json(cls, members: Mapping[str, Any]) -> "Regressions":
        one, two, three = map(float, members["thresholds"])
        return cls(np.array(members["word"], np.float64), np.array(members["several"], np.float64), (one, two, three))

    def is_valid(self) -> bool:
        """Whether all numbers are finite, and the thresholds are probabilities."""
        are_finite = bool(np.isfinite(self.word).all() and np.isfinite(self.several).all())
        return are_finite and self.several.ndim == 2 and all(0 <= one <= 1 for one in self.thresholds)


@dataclass(frozen=True, eq=False, slots=True)
class ProbabilityModel:
    """The regressions for passages with one transcript (``alone``), and for those with a second one (``seconded``).

    Their features are `indexer.matching.features.WORD_FEATURES` and `QUERY_FEATURES`, and `SECONDED_WORD_FEATURES` and
    `SECONDED_QUERY_FEATURES`. Without ``seconded``, second transcripts have no effect on probabilities.
    """

    alone: Regressions
    seconded: Regressions | None = None

    def of(self, *, is_seconded: bool) -> Regressions:
        """The regressions for passages with or without a second transcript."""
        return self.seconded if is_seconded and self.seconded else self.alone

    def to_json(self) -> dict[str, Any]:
        return self.alone.to_json() | ({"seconded": self.seconded.to_json()} if self.seconded else {})

    @classmethod
    def from_json(cls, members: Mapping[str, Any]) -> "ProbabilityModel":
        seconded = members.get("seconded")
        return cls(Regressions.from_json(members), Regressions.from_json(seconded) if seconded else None)

    def is_valid(self) -> bool:
        """Whether all numbers are finite, and the thresholds are probabilities."""
        return self.alone.is_valid() and (self.seconded is None or self.seconded.is_valid())


UNFITTED: Final = ProbabilityModel(Regressions(np.zeros(0), np.zeros((2, 0)), (1.0, 1.0, 1.0)))
"""A model that was not fitted yet."""

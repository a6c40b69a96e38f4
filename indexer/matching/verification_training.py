"""Training of the check against the audio: its weights and thresholds, from checked possible matches of queries."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hearsay.results.text_scores import TextScores
from indexer.errors import WrongRequest
from indexer.matching.probability import PossibleMatch
from indexer.matching.query_sampling import SampledQuery
from indexer.matching.training import FOLDS
from indexer.matching.verification import VerificationModel, features_of
from indexer.phonetics.model import Examples, regression

LEAST_RIGHT: Final = 0.55
"""The share of the possible matches shown after the check that must be right on the queries trained on."""

LEAST_EMPTY: Final = 0.92
"""The share of these queries with a word that nobody said for which nothing may be shown."""


@dataclass(frozen=True, slots=True)
class CheckedMatch:
    """A possible match, its scores (None if it was not checked), and whether its clip has all words of the query."""

    possible: PossibleMatch
    scores: TextScores | None
    is_right: bool


@dataclass(frozen=True, slots=True)
class CheckedQuery:
    """A query, its possible matches, the most probable first, and from which probability on they are shown unchecked.

    ``words`` is the number of words of the query, and ``matches`` are the clips that match it.
    """

    query: SampledQuery
    words: int
    matches: tuple[str, ...]
    threshold: float
    possible: tuple[CheckedMatch, ...]

    def shown(self, model: VerificationModel | None, least: float | None = None) -> list[CheckedMatch]:
        """What is shown of them, the most probable first: after the check with a model, or without it if it is None.

        ``least`` replaces the model's threshold. Matches that were not checked keep their probability and threshold.
        """
        found: list[tuple[float, CheckedMatch]] = []
        for one in self.possible:
            probability, limit = one.possible.probability, self.threshold
            if model is not None and one.scores is not None:
                probability = model.probability(probability, one.scores, self.words)
                limit = model.threshold(self.words) if least is None else least
            if probability >= limit:
                found.append((probability, one))
        return [one for _, one in sorted(found, key=lambda each: -each[0])]


def fitted(queries: Sequence[CheckedQuery], speech_model: str, source: str) -> VerificationModel:
    """The model for the scores of a speech model; raises `WrongRequest` if a number of words has too few checks."""
    groups = [[query for query in queries if (query.words > 1) is are_several] for are_several in (False, True)]
    weights = np.stack([_weights(group) for group in groups])
    one, several = map(_threshold, groups)
    return VerificationModel(speech_model, weights, (one, several), source)


def _weights(queries: Sequence[CheckedQuery]) -> NDArray[np.float64]:
    checked = [one for query in queries for one in query.possible if one.scores is not None]
    labels = np.array([one.is_right for one in checked], np.float64)
    if not 0 < labels.sum() < len(labels):
        raise WrongRequest("too few possible matches could be checked to learn from; name more clips and their audio")
    features = [features_of(one.possible.probability, one.scores) for one in checked if one.scores is not None]
    return regression(Examples(np.stack(features), labels, np.ones(len(labels))))


def _threshold(queries: Sequence[CheckedQuery]) -> float:
    """The least probability, in hundredths, from which on enough of what is shown is right, and enough of the queries
    for a word that nobody said show nothing; at most 0.95. Each query is estimated with a model of the others.
    """
    models = list(_models(queries))
    for hundredths in range(2, 95):
        least = hundredths / 100
        shown = [query.shown(models[number % FOLDS], least) for number, query in enumerate(queries)]
        empty = [not found for query, found in zip(queries, shown, strict=True) if query.query.is_absent]
        right = sum(one.is_right for found in shown for one in found)
        least_right = LEAST_RIGHT * max(1, sum(map(len, shown)))
        if right >= least_right and sum(empty) >= LEAST_EMPTY * len(empty):
            return least
    return 0.95


def _models(queries: Sequence[CheckedQuery]) -> Iterator[VerificationModel]:
    """For each fold a model of the other queries."""
    for fold in range(FOLDS):
        weights = _weights([query for number, query in enumerate(queries) if number % FOLDS != fold])
        yield VerificationModel("", np.stack([weights, weights]), (1.0, 1.0), "")

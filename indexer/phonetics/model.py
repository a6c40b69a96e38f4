"""The regression: from the features of a candidate to the probability that the query word was said."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

PENALTY: Final = 1 / 0.3
"""L2 penalty of the regression, over features with mean 0 and standard deviation 1."""

ROUNDS: Final = 30

VOTE_ROUNDS: Final = 2
"""How often votes are redistributed, after a first fit to all observations."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Training data of a regression: ``features``, shape (examples, features), of which the last is 1.

    ``labels`` are 0 or 1, and ``weights`` the number of observations that each example stands for.
    """

    features: NDArray[np.float64]
    labels: NDArray[np.float64]
    weights: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Observations:
    """Candidates for words, and the clips in which they occur.

    Each candidate has ``features``, shape (candidates, features), and ``is_pair``. Each observation has the number of
    its ``candidate``, that of its ``search`` (one word in one clip), and ``is_right`` if the word was said in the clip.
    """

    features: NDArray[np.float64]
    is_pair: NDArray[np.bool_]
    candidate: NDArray[np.intp]
    search: NDArray[np.intp]
    is_right: NDArray[np.bool_]


def fitted_weights(observations: Observations) -> NDArray[np.float64]:
    """The weights of two logistic regressions, for words and for pairs, shape (2, features).

    A search ranks a clip by its most likely candidate. So each clip has one vote, which its candidates share by their
    odds: a candidate next to a more likely one is not confirmed by a relevant clip, and hardly refuted by another. As
    odds require weights, a first fit uses all observations, and further ones the votes (expectation maximisation,
    Dempster, Laird & Rubin 1977; the clips are the bags of multiple-instance learning).
    """
    weights = _fitted(observations, np.ones(len(observations.candidate)))
    for _ in range(VOTE_ROUNDS):
        weights = _fitted(observations, _votes(observations, weights))
    return weights


def _votes(observations: Observations, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of each observation in the single vote of its search."""
    logits = (observations.features * weights[observations.is_pair.astype(int)]).sum(axis=1)[observations.candidate]
    best = np.full(observations.search.max(initial=-1) + 1, -np.inf)
    np.maximum.at(best, observations.search, logits)
    odds = np.exp(logits - best[observations.search])
    return np.asarray(odds / np.bincount(observations.search, odds)[observations.search], np.float64)


def _fitted(observations: Observations, votes: NDArray[np.float64]) -> NDArray[np.float64]:
    number = len(observations.is_pair)
    right, wrong = (
        np.bincount(observations.candidate, votes * (observations.is_right == answer), number).astype(np.float64)
        for answer in (True, False)
    )
    kinds = (~observations.is_pair, observations.is_pair)
    return np.stack([regression(_examples(observations.features[of], right[of], wrong[of])) for of in kinds])


def _examples(features: NDArray[np.float64], right: NDArray[np.float64], wrong: NDArray[np.float64]) -> Examples:
    return Examples(
        np.concatenate([features[right > 0], features[wrong > 0]]),
        np.repeat([1.0, 0.0], [np.count_nonzero(right), np.count_nonzero(wrong)]),
        np.concatenate([right[right > 0], wrong[wrong > 0]]),
    )


def regression(examples: Examples) -> NDArray[np.float64]:
    """The weights of a logistic regression with an L2 penalty on all features but the last, which is 1.

    Fitted by Newton's method (iteratively reweighted least squares) on features scaled to mean 0 and standard deviation
    1; the returned weights apply to the unscaled features. Without examples, all weights are 0 but the last, which is
    -20.
    """
    features = examples.features.shape[1]
    if not len(examples.labels):
        return np.concatenate([np.zeros(features - 1), [-20.0]])
    mean, deviation = examples.features.mean(axis=0), examples.features.std(axis=0)
    varies = deviation > 1e-9
    scaled = np.where(varies, (examples.features - mean) / np.where(varies, deviation, 1), 0.0)
    scaled[:, -1] = 1.0
    penalty = np.diag([PENALTY] * (features - 1) + [1e-9])
    weights = np.zeros(features)
    for _ in range(ROUNDS):
        expected = 1 / (1 + np.exp(-np.clip(scaled @ weights, -30, 30)))
        gradient = scaled.T @ (examples.weights * (expected - examples.labels)) + penalty @ weights
        curvature = (scaled.T * (examples.weights * expected * (1 - expected))) @ scaled + penalty
        weights -= np.linalg.solve(curvature + 1e-9 * np.eye(features), gradient)
    plain_weights = np.where(varies, weights / np.where(varies, deviation, 1), 0.0)
    plain_weights[-1] = weights[-1] - plain_weights[:-1] @ mean[:-1]
    return plain_weights

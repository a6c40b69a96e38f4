"""Regression: from what a clip holds that is like a word, how likely it is that the word was said there."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

PENALTY: Final = 1 / 0.3
"""Of large weights (L2), in the regression over features of mean 0 and deviation 1."""

ROUNDS: Final = 30

SHARINGS: Final = 2
"""Times that votes are shared anew, after weights that come from all sights."""


@dataclass(frozen=True, slots=True)
class Examples:
    """``features``, shape (examples, features), the last of them one; what came of each in ``labels`` (0 or 1), and in
    ``weights`` how often.
    """

    features: NDArray[np.float64]
    labels: NDArray[np.float64]
    weights: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sights:
    """Candidates for words, and the clips in which they were seen.

    Of each candidate its ``features``, shape (candidates, features), and whether it ``is_pair``; of each sight the
    number of its ``candidate``, that of the ``search`` (one word looked for in one clip), and ``is_right`` where the
    word was said there.
    """

    features: NDArray[np.float64]
    is_pair: NDArray[np.bool_]
    candidate: NDArray[np.intp]
    search: NDArray[np.intp]
    is_right: NDArray[np.bool_]


def learned_from(sights: Sights) -> NDArray[np.float64]:
    """The weights of two logistic regressions, of words and of pairs, shape (2, features).

    A search takes a clip for the likeliest candidate that it holds, so a clip has one vote, which its candidates share
    by their odds: what merely stands beside a likelier one proves nothing by being in a right clip, and little by being
    in a wrong one. As odds take weights, these come from all sights first, and are then learned again from the votes
    (expectation maximisation, Dempster, Laird & Rubin 1977; clips as the bags of multiple-instance learning).
    """
    weights = _fitted(sights, np.ones(len(sights.candidate)))
    for _ in range(SHARINGS):
        weights = _fitted(sights, _votes(sights, weights))
    return weights


def _votes(sights: Sights, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share that each sight has in the one vote of its search."""
    logits = (sights.features * weights[sights.is_pair.astype(int)]).sum(axis=1)[sights.candidate]
    best = np.full(sights.search.max(initial=-1) + 1, -np.inf)
    np.maximum.at(best, sights.search, logits)
    odds = np.exp(logits - best[sights.search])
    return np.asarray(odds / np.bincount(sights.search, odds)[sights.search], np.float64)


def _fitted(sights: Sights, votes: NDArray[np.float64]) -> NDArray[np.float64]:
    number = len(sights.is_pair)
    right, wrong = (
        np.bincount(sights.candidate, votes * (sights.is_right == answer), number).astype(np.float64)
        for answer in (True, False)
    )
    kinds = (~sights.is_pair, sights.is_pair)
    return np.stack([regression(_examples(sights.features[of], right[of], wrong[of])) for of in kinds])


def _examples(features: NDArray[np.float64], right: NDArray[np.float64], wrong: NDArray[np.float64]) -> Examples:
    return Examples(
        np.concatenate([features[right > 0], features[wrong > 0]]),
        np.repeat([1.0, 0.0], [np.count_nonzero(right), np.count_nonzero(wrong)]),
        np.concatenate([right[right > 0], wrong[wrong > 0]]),
    )


def regression(examples: Examples) -> NDArray[np.float64]:
    """The weights of a logistic regression with an L2 penalty on all but the last feature, which is one.

    Newton's method (iteratively reweighted least squares) over features brought to mean 0 and deviation 1; the weights
    that come back are for the features as they are. Without an example all weights are 0 but the last, which is -20.
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

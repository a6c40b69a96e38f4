import warnings

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from indexer.phonetics.model import Examples, Observations, fitted_weights, regression

FEATURES = 12


def drawn_examples(number: int) -> Examples:
    """Random examples with two informative features and a constant one, each with a weight."""
    chance = np.random.default_rng(5)
    features = chance.normal(size=(number, FEATURES)) * chance.uniform(0.1, 4, FEATURES)
    features[:, 3] = 7.0
    features[:, -1] = 1.0
    likely = 1 / (1 + np.exp(-(features[:, 0] - 0.5 * features[:, 1] - 1)))
    labels = (chance.random(number) < likely).astype(float)
    return Examples(features, labels, chance.integers(1, 6, number).astype(float))


def test_the_regression_agrees_with_scikit_learn():
    examples = drawn_examples(400)
    mean, deviation = examples.features.mean(axis=0), examples.features.std(axis=0)
    scaled = np.where(deviation > 1e-9, (examples.features - mean) / np.where(deviation > 1e-9, deviation, 1), 0.0)
    model = LogisticRegression(C=0.3, max_iter=5000, tol=1e-10)
    model.fit(scaled[:, :-1], examples.labels, sample_weight=examples.weights)
    theirs = model.predict_proba(scaled[:, :-1])[:, 1]
    ours = 1 / (1 + np.exp(-(examples.features @ regression(examples))))
    assert ours == pytest.approx(theirs, abs=1e-4)


def test_a_constant_feature_has_weight_zero():
    assert regression(drawn_examples(100))[3] == 0


def test_a_weighted_example_equals_repeated_examples():
    once = drawn_examples(60)
    times = once.weights.astype(int)
    several = Examples(
        np.repeat(once.features, times, axis=0), np.repeat(once.labels, times), np.ones(int(once.weights.sum()))
    )
    once_scaled = Examples(once.features, once.labels, once.weights)
    ours, theirs = (1 / (1 + np.exp(-(once.features @ regression(one)))) for one in (once_scaled, several))
    assert ours == pytest.approx(theirs, abs=0.05), "except for the mean and deviation of the scaled features"


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_weights_stay_finite_if_all_labels_are_equal(label: float):
    examples = drawn_examples(50)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        weights = regression(Examples(examples.features, np.full(50, label), examples.weights))
    assert np.all(np.isfinite(weights))
    expected = 1 / (1 + np.exp(-np.clip(examples.features @ weights, -500, 500)))
    assert np.all(np.abs(expected - label) < 0.1)


def test_without_examples_every_probability_is_low():
    nothing = Examples(np.empty((0, FEATURES)), np.empty(0), np.empty(0))
    assert 1 / (1 + np.exp(-regression(nothing)[-1])) < 1e-8
    assert not np.any(regression(nothing)[:-1])


def likely(weights: NDArray[np.float64], *features: float) -> float:
    return float(1 / (1 + np.exp(-(weights @ np.array(features)))))


def searches(*, are_pairs: bool) -> Observations:
    """A hundred searches: half of the clips have the word and its neighbour, the others only the neighbour."""
    word, neighbour = (1.0, 0.0, 1.0), (0.0, 1.0, 1.0)
    return Observations(
        np.array([word, neighbour]),
        np.full(2, are_pairs),
        np.array([0] * 50 + [1] * 100),
        np.array([*range(50), *range(100)]),
        np.array([True] * 100 + [False] * 50),
    )


@pytest.mark.parametrize("kind", [0, 1])
def test_a_neighbour_of_the_right_candidate_is_not_evidence(kind: int):
    weights = fitted_weights(searches(are_pairs=bool(kind)))
    assert likely(weights[kind], 1, 0, 1) > 0.9
    assert likely(weights[kind], 0, 1, 1) < 0.1, (
        "if it were learned from all examples, it would be right in half of the clips"
    )


def test_a_more_likely_word_takes_precedence_over_a_pair():
    together = searches(are_pairs=False)
    parted = Observations(
        together.features, np.array([False, True]), together.candidate, together.search, together.is_right
    )
    words, pairs = fitted_weights(parted)
    assert likely(words, 1, 0, 1) > 0.9
    assert likely(pairs, 0, 1, 1) < 0.1


def test_without_observations_every_probability_is_low():
    none = Observations(np.empty((0, 3)), *(np.empty(0, kind) for kind in (np.bool_, np.intp, np.intp, np.bool_)))
    assert likely(fitted_weights(none)[0], 1, 1, 1) < 1e-8

import warnings

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from indexer.phonetics.model import Examples, Observations, fitted_weights, regression

FEATURES = 12


def drawn_examples(number: int) -> Examples:
    """Examples in which two features tell something, one never varies, and each counts several times."""
    chance = np.random.default_rng(5)
    features = chance.normal(size=(number, FEATURES)) * chance.uniform(0.1, 4, FEATURES)
    features[:, 3] = 7.0
    features[:, -1] = 1.0
    likely = 1 / (1 + np.exp(-(features[:, 0] - 0.5 * features[:, 1] - 1)))
    labels = (chance.random(number) < likely).astype(float)
    return Examples(features, labels, chance.integers(1, 6, number).astype(float))


def test_the_regression_is_that_of_scikit_learn():
    examples = drawn_examples(400)
    mean, deviation = examples.features.mean(axis=0), examples.features.std(axis=0)
    scaled = np.where(deviation > 1e-9, (examples.features - mean) / np.where(deviation > 1e-9, deviation, 1), 0.0)
    model = LogisticRegression(C=0.3, max_iter=5000, tol=1e-10)
    model.fit(scaled[:, :-1], examples.labels, sample_weight=examples.weights)
    theirs = model.predict_proba(scaled[:, :-1])[:, 1]
    ours = 1 / (1 + np.exp(-(examples.features @ regression(examples))))
    assert ours == pytest.approx(theirs, abs=1e-4)


def test_what_never_varies_has_no_weight():
    assert regression(drawn_examples(100))[3] == 0


def test_an_example_that_counts_thrice_is_three_examples():
    once = drawn_examples(60)
    times = once.weights.astype(int)
    several = Examples(
        np.repeat(once.features, times, axis=0), np.repeat(once.labels, times), np.ones(int(once.weights.sum()))
    )
    once_scaled = Examples(once.features, once.labels, once.weights)
    ours, theirs = (1 / (1 + np.exp(-(once.features @ regression(one)))) for one in (once_scaled, several))
    assert ours == pytest.approx(theirs, abs=0.05), "but for the mean and deviation that features are brought to"


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_where_only_one_answer_was_seen_the_weights_stay_finite(label: float):
    examples = drawn_examples(50)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        weights = regression(Examples(examples.features, np.full(50, label), examples.weights))
    assert np.all(np.isfinite(weights))
    expected = 1 / (1 + np.exp(-np.clip(examples.features @ weights, -500, 500)))
    assert np.all(np.abs(expected - label) < 0.1)


def test_of_no_examples_nothing_is_likely():
    nothing = Examples(np.empty((0, FEATURES)), np.empty(0), np.empty(0))
    assert 1 / (1 + np.exp(-regression(nothing)[-1])) < 1e-8
    assert not np.any(regression(nothing)[:-1])


def likely(weights: NDArray[np.float64], *features: float) -> float:
    return float(1 / (1 + np.exp(-(weights @ np.array(features)))))


def searches(*, are_pairs: bool) -> Observations:
    """A hundred searches: in one half the word was said and stands beside its neighbour, in the other only that is."""
    word, neighbour = (1.0, 0.0, 1.0), (0.0, 1.0, 1.0)
    return Observations(
        np.array([word, neighbour]),
        np.full(2, are_pairs),
        np.array([0] * 50 + [1] * 100),
        np.array([*range(50), *range(100)]),
        np.array([True] * 100 + [False] * 50),
    )


@pytest.mark.parametrize("kind", [0, 1])
def test_what_only_is_beside_the_right_one_is_no_evidence(kind: int):
    weights = fitted_weights(searches(are_pairs=bool(kind)))
    assert likely(weights[kind], 1, 0, 1) > 0.9
    assert likely(weights[kind], 0, 1, 1) < 0.1, "learned from all that was seen it would be right in half of the clips"


def test_a_word_that_is_likelier_than_a_pair_takes_the_search_from_it():
    together = searches(are_pairs=False)
    parted = Observations(
        together.features, np.array([False, True]), together.candidate, together.search, together.is_right
    )
    words, pairs = fitted_weights(parted)
    assert likely(words, 1, 0, 1) > 0.9
    assert likely(pairs, 0, 1, 1) < 0.1


def test_of_no_sights_nothing_is_likely():
    none = Observations(np.empty((0, 3)), *(np.empty(0, kind) for kind in (np.bool_, np.intp, np.intp, np.bool_)))
    assert likely(fitted_weights(none)[0], 1, 1, 1) < 1e-8

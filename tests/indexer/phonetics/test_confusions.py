from collections import Counter

import numpy as np
import pytest

from indexer.phonetics.alphabets import PHONEME_COUNT, PHONEMES, letters
from indexer.phonetics.confusions import learned_costs, letter_prior, phoneme_prior

V, W, S, A = (letters(letter)[0] for letter in "vwsa")


@pytest.mark.parametrize("prior", [letter_prior(), phoneme_prior()], ids=["letters", "phonemes"])
def test_the_prior_cost_is_zero_only_for_a_correct_symbol(prior: np.ndarray):
    assert np.all(prior.diagonal() == 0)
    assert np.all(prior[~np.eye(len(prior), dtype=bool)] > 0)


def test_confusing_a_vowel_with_a_vowel_costs_less_than_with_a_consonant():
    number = {name: at for at, name in enumerate(PHONEMES, 1)}
    costs = phoneme_prior()
    assert costs[number["AA"], number["AE"]] < costs[number["AA"], number["T"]]
    assert costs[number["D"], number["T"]] < costs[number["D"], number["AA"]]
    spelled = letter_prior()
    assert spelled[letters("a")[0], letters("e")[0]] < spelled[letters("a")[0], letters("t")[0]]


def costs_of(pairs: list[tuple[str, str]], reference: str) -> np.ndarray:
    symbols = Counter((letters(one), letters(other)) for one, other in pairs)
    return learned_costs(symbols, Counter(letters(reference)), letter_prior())


def test_a_frequent_confusion_becomes_cheap():
    words = ["vase", "vest", "save"]
    pairs = [(word, word.replace("v", "w")) for word in words] * 20
    costs = costs_of(pairs, "vasevestsave" * 20)
    assert costs[V, W] < 0.05 < costs[V, S]
    assert costs[W, V] > 0.5, "w is never recognised as v"
    assert costs[V, W] < costs[V].max()


def test_deletions_and_insertions_are_learned():
    costs = costs_of([("has", "ha"), ("was", "wa")] * 30 + [("at", "aat")] * 30, "haswasat" * 30)
    assert costs[S, 0] < 0.3
    assert costs[0, A] < letter_prior()[0, A]
    assert costs[S, 0] < costs[V, 0]


def test_a_rare_confusion_stays_expensive():
    often, seldom = (costs_of([("v", "w")] * times, "v" * 1000) for times in (300, 1))
    assert seldom[V, W] > 2 * often[V, W]


def test_costs_without_observations_equal_those_computed_by_hand():
    costs = learned_costs({}, Counter(), phoneme_prior())
    belief = np.exp(-4.0 * phoneme_prior().astype(float))
    nats = -np.log(belief / belief.sum(axis=1, keepdims=True))
    assert np.allclose(costs, np.clip(nats - nats.diagonal()[:, None], 0, 9) / 6, atol=1e-5)
    assert costs.shape == (PHONEME_COUNT, PHONEME_COUNT)
    assert np.all(costs.diagonal() == 0)


def test_pairs_with_an_empty_word_keep_all_costs_finite():
    costs = costs_of([("", "a"), ("a", ""), ("", "")], "a")
    assert np.all(np.isfinite(costs))
    assert np.all(costs >= 0)

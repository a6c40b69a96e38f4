import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from clips.row import ClipRow
from indexer.errors import WrongRequest
from indexer.sounds.alphabets import letters
from indexer.sounds.guesses import FEATURES, Guesser
from indexer.sounds.learn import FEWEST, Examples, learn, regression
from indexer.sounds.lexicon import Lexicon
from indexer.sounds.spelling import english
from indexer.sounds.tables import Tables
from indexer.sounds.tally import heard_in
from tests.indexer.made_rows import passages
from tests.indexer.sounds.made_mishearings import misheard, rows


@pytest.fixture(scope="module")
def learned() -> Tables:
    return learn(rows(), english(), "made up")


def drawn_examples(number: int) -> Examples:
    """Examples in which two features tell something, one never varies, and each counts several times."""
    chance = np.random.default_rng(5)
    features = chance.normal(size=(number, len(FEATURES))) * chance.uniform(0.1, 4, len(FEATURES))
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
    nothing = Examples(np.empty((0, len(FEATURES))), np.empty(0), np.empty(0))
    assert 1 / (1 + np.exp(-regression(nothing)[-1])) < 1e-8
    assert not np.any(regression(nothing)[:-1])


def test_what_is_often_misheard_is_learned(learned: Tables):
    v, w, s = (letters(letter)[0] for letter in "vws")
    assert learned.letters[v, w] < 0.3 < learned.letters[v, s]
    assert (learned.passages, learned.source) == (300, "made up")


def test_tables_that_were_learned_guess_what_is_misheard_and_what_is_split(learned: Tables):
    heard = passages(tuple(rows()))
    guesser = Guesser(Lexicon.of(heard_in(heard), english()), learned, english())
    for word in ("vinegar", "feather", "blacksmith", "teacup"):
        expected = misheard(word).split()
        first = next(guess for guess in guesser.guesses(word) if len(guess.tokens) == len(expected))
        assert list(first.tokens) == expected
        assert first.probability > 0.5


def test_learning_from_the_same_in_another_order_is_learning_the_same():
    learned, again = (learn(some, english(), "made up") for some in (rows(80), rows(80)[::-1]))
    for name in ("phonemes", "letters", "weights"):
        assert getattr(again, name) == pytest.approx(getattr(learned, name), abs=1e-6), name


def test_how_far_it_is_is_told_to_the_end():
    told: list[tuple[int, int]] = []
    learn(rows(40), english(), "made up", step=lambda done, total: told.append((done, total)))
    assert told == [(done, len(told)) for done in range(1, len(told) + 1)]
    assert told


def test_rows_that_lack_a_side_are_passed_over(learned: Tables):
    more = [ClipRow("x", text="the vase"), ClipRow("y", generated_text="THE WASE"), ClipRow("z", error="no sound")]
    assert learn([*rows(), *more], english(), "made up").passages == learned.passages


@pytest.mark.parametrize("number", [0, 5])
def test_too_little_to_learn_from_is_a_sentence(number: int):
    with pytest.raises(WrongRequest, match=f"{number} clips have both .*learning takes at least {FEWEST}"):
        learn(rows(number), english(), "made up")


def test_transcripts_without_a_fault_teach_nothing():
    with pytest.raises(WrongRequest, match="300 clips have both text and generated_text, with 0 mishearings"):
        learn(rows(share=0), english(), "made up")


def test_a_corpus_in_another_script_can_be_learned_from_without_harm():
    made = [
        ClipRow(str(at), text=f"京都 {at} дом vase", generated_text=f"東京 {at} том WASE") for at in range(FEWEST + 5)
    ]
    tables = learn(made, english(), "other scripts")
    assert np.all(np.isfinite(tables.weights))

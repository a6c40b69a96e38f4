from dataclasses import replace

import numpy as np
import pytest

from hearsay.records.clip import ClipRow
from indexer.errors import WrongRequest
from indexer.phonetics.alphabets import letters
from indexer.phonetics.expansion import Expander
from indexer.phonetics.g2p import english
from indexer.phonetics.lexicon import Lexicon
from indexer.phonetics.tables import Tables
from indexer.phonetics.training import FEWEST, learn
from indexer.phonetics.word_counts import count_words
from tests.support.rows import passages
from tests.support.word_errors import misrecognised, rows


@pytest.fixture(scope="module")
def learned() -> Tables:
    return learn(rows(), english(), "made up")


def test_frequent_confusions_are_learned(learned: Tables):
    v, w, s = (letters(letter)[0] for letter in "vws")
    assert learned.letters[v, w] < 0.3 < learned.letters[v, s]
    assert (learned.passages, learned.source) == (300, "made up")


def test_learned_tables_expand_to_misrecognised_and_split_words(learned: Tables):
    recognised = passages(tuple(rows()))
    expander = Expander(Lexicon.of(count_words(recognised), english()), learned, english())
    for word in ("vinegar", "feather", "blacksmith", "teacup"):
        expected = misrecognised(word).split()
        first = next(expansion for expansion in expander.expansions(word) if len(expansion.tokens) == len(expected))
        assert list(first.tokens) == expected
        assert first.probability > 0.5


def test_the_share_of_words_without_any_similar_recognition_is_learned(learned: Tables):
    unrelated = [replace(row, generated_text="京都") if at % 4 == 0 else row for at, row in enumerate(rows())]
    assert 0 < learned.unseen < 0.01
    assert learn(unrelated, english(), "made up").unseen == pytest.approx(0.25, abs=0.03)


def test_the_order_of_clips_does_not_change_the_learned_tables():
    learned, again = (learn(some, english(), "made up") for some in (rows(80), rows(80)[::-1]))
    for name in ("phonemes", "letters", "weights", "unseen"):
        assert getattr(again, name) == pytest.approx(getattr(learned, name), abs=1e-6), name


def test_the_regression_uses_a_sample_of_many_clips_and_the_costs_use_all(monkeypatch: pytest.MonkeyPatch):
    totals: list[int] = []
    monkeypatch.setattr("indexer.phonetics.training.MOST_CLIPS", 100)
    few = learn(rows(), english(), "made up", step=lambda _done, total: totals.append(total))
    monkeypatch.undo()
    every = learn(rows(), english(), "made up", step=lambda _done, total: totals.append(-total))
    assert 0 < max(totals) < -min(totals)
    assert few.letters == pytest.approx(every.letters)
    assert few.weights != pytest.approx(every.weights)


def test_progress_is_reported_until_the_end():
    steps: list[tuple[int, int]] = []
    learn(rows(40), english(), "made up", step=lambda done, total: steps.append((done, total)))
    assert steps == [(done, len(steps)) for done in range(1, len(steps) + 1)]
    assert steps


def test_rows_without_a_reference_or_a_transcript_are_skipped(learned: Tables):
    more = [ClipRow("x", text="the vase"), ClipRow("y", generated_text="THE WASE"), ClipRow("z", error="no sound")]
    assert learn([*rows(), *more], english(), "made up").passages == learned.passages


@pytest.mark.parametrize("number", [0, 5])
def test_too_few_clips_are_reported(number: int):
    with pytest.raises(WrongRequest, match=f"{number} clips have both .*learning requires at least {FEWEST}"):
        learn(rows(number), english(), "made up")


def test_transcripts_without_errors_are_rejected():
    with pytest.raises(
        WrongRequest, match="300 clips have both text and generated_text, and they contain 0 misrecognitions"
    ):
        learn(rows(share=0), english(), "made up")


def test_weights_learned_from_another_script_are_finite():
    made = [
        ClipRow(str(at), text=f"京都 {at} дом vase", generated_text=f"東京 {at} том WASE") for at in range(FEWEST + 5)
    ]
    tables = learn(made, english(), "other scripts")
    assert np.all(np.isfinite(tables.weights))

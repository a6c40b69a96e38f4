"""Learning the probability of possible matches from references and transcripts, with few clips."""

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hearsay.records.clip import ClipRow
from indexer.matching import training
from indexer.matching.features import QUERY_FEATURES, WORD_FEATURES
from indexer.matching.training import learn
from indexer.phonetics.channel import dictionary_words
from indexer.phonetics.tables import Tables, shipped
from tests.support.finders import find, finder_over
from tests.support.word_errors import misrecognised
from tests.support.word_errors import rows as few_words

FEW = 60


def rows(number: int) -> list[ClipRow]:
    """Clips of three rare words each, of which half are transcribed with w for v and d for th."""
    chance = random.Random(1)
    words = [word for word in dictionary_words()[500:9000] if 5 <= len(word) <= 9 and ("v" in word or "th" in word)]
    made = []
    for at in range(number):
        reference = ["the", *chance.sample(words, 3), "and"]
        transcript = [misrecognised(word) if word != "the" and chance.random() < 0.5 else word for word in reference]
        made.append(ClipRow(f"{at:03}.mp3", text=" ".join(reference), generated_text=" ".join(transcript).upper()))
    return made


@pytest.fixture(scope="module")
def patched() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "MOST_QUERIES", FEW)
        yield patch


@pytest.fixture(scope="module")
def learned(patched: pytest.MonkeyPatch) -> Tables:
    assert patched
    return learn(rows(FEW), "made up")


def test_weights_and_thresholds_are_fitted(learned: Tables):
    model = learned.possible
    assert (model.word.shape, model.several.shape) == ((len(WORD_FEATURES),), (2, len(QUERY_FEATURES)))
    assert model.is_valid()
    assert model.to_json() != shipped().possible.to_json()
    assert all(0 < threshold <= 0.95 for threshold in model.thresholds)
    assert (learned.passages, learned.source) == (FEW, "made up")


def test_a_misrecognised_word_is_more_probable_than_an_unrelated_one(learned: Tables, tmp_path: Path):
    """The transcripts of other clips, without their references."""
    transcripts = ("the walley was green", "the alley was green", "the house was green")
    finder = finder_over([ClipRow(text, generated_text=text) for text in transcripts], tmp_path, learned)
    first, *others = find(finder, "valley").possible
    assert first.passage.id == transcripts[0]
    assert all(one.probability < first.probability for one in others)


def test_clips_without_a_reference_or_a_transcript_are_ignored(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(training, "fitted", lambda rows, *_: len(rows))
    more = [ClipRow("x", text="the valley"), ClipRow("y", generated_text="THE WALLEY"), ClipRow("z", error="no sound")]
    assert learn([*rows(30), *more], "made up").possible == 30


def test_with_too_few_lost_words_the_shipped_probabilities_are_used():
    """The phonetic tables are learned all the same."""
    tables = learn(few_words(80), "made up")
    assert tables.possible is shipped().possible
    assert tables.source == "made up"
    assert not np.array_equal(tables.weights, shipped().weights)

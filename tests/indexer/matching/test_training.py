"""Learning the probability of possible matches from references and transcripts, with few clips."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hearsay.records.clip import ClipRow
from hearsay.records.transcript import ModelTranscript, Word
from indexer.matching import training
from indexer.matching.features import (
    QUERY_FEATURES,
    SECONDED_QUERY_FEATURES,
    SECONDED_WORD_FEATURES,
    WORD_FEATURES,
)
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


def seconded(number: int) -> list[ClipRow]:
    """The same with second transcripts, which have half of the words that the first ones lack."""
    chance = random.Random(2)
    return [replace(row, transcripts=(_second(row, chance),)) for row in rows(number)]


def _second(row: ClipRow, chance: random.Random) -> ModelTranscript:
    pairs = zip(row.text.split(), row.generated_text.lower().split(), strict=True)
    chosen = [word if chance.random() < 0.5 else transcribed for word, transcribed in pairs]
    words = tuple(Word(word, at * 0.4, at * 0.4 + 0.3, 0.9) for at, word in enumerate(chosen))
    return ModelTranscript(model="second", text=" ".join(chosen), words=words)


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
    model = learned.possible.alone
    assert (model.word.shape, model.several.shape) == ((len(WORD_FEATURES),), (2, len(QUERY_FEATURES)))
    assert learned.possible.is_valid()
    assert model.to_json() != shipped().possible.alone.to_json()
    assert all(0 < threshold <= 0.95 for threshold in model.thresholds)
    assert (learned.passages, learned.source) == (FEW, "made up")


def test_what_second_transcripts_say_is_fitted_apart(patched: pytest.MonkeyPatch, learned: Tables):
    """The probabilities of passages with one transcript are the same as without second transcripts."""
    assert patched
    model = learn(seconded(FEW), "made up").possible
    assert model.is_valid()
    assert model.seconded is not None
    assert (len(model.seconded.word), model.seconded.several.shape) == (
        len(SECONDED_WORD_FEATURES),
        (2, len(SECONDED_QUERY_FEATURES)),
    )
    assert model.alone.to_json() == learned.possible.alone.to_json()
    shipped_model = shipped().possible.seconded
    assert shipped_model is not None
    assert model.seconded.to_json() != shipped_model.to_json()


def test_a_misrecognised_word_is_more_probable_than_an_unrelated_one(learned: Tables, tmp_path: Path):
    """The transcripts of other clips, without their references."""
    transcripts = ("the walley was green", "the alley was green", "the house was green")
    finder = finder_over([ClipRow(text, generated_text=text) for text in transcripts], tmp_path, learned)
    first, *others = find(finder, "valley").possible
    assert first.passage.id == transcripts[0]
    assert all(one.probability < first.probability for one in others)


def test_clips_without_a_reference_or_a_transcript_are_ignored(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(training, "_fitted", lambda rows, *_: len(rows))
    more = [ClipRow("x", text="the valley"), ClipRow("y", generated_text="THE WALLEY"), ClipRow("z", error="no sound")]
    assert learn([*rows(30), *more], "made up").possible.alone == 30


def test_with_too_few_lost_words_the_shipped_probabilities_are_used():
    """The phonetic tables are learned all the same."""
    tables = learn(few_words(80), "made up")
    assert tables.possible is shipped().possible
    assert tables.source == "made up"
    assert not np.array_equal(tables.weights, shipped().weights)

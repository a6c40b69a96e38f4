"""The check of possible matches against the audio: the texts that are scored, and the revised probability."""

from dataclasses import replace

import numpy as np
import pytest

from hearsay.records.clip import ClipRow
from hearsay.records.transcript import Alternative, Segment, Word
from hearsay.results.text_scores import TextScore, TextScores, WordsScore
from indexer.errors import WrongRequest
from indexer.matching.probability import PossibleMatch
from indexer.matching.verification import (
    FEATURES,
    MOST_TEXTS,
    VerificationModel,
    check_of,
    features_of,
    revised,
    verification_model,
    verification_models,
)
from indexer.passages import Passage, passages_of
from indexer.query.explanation import Evidence, SecondModel


def possible(
    transcript: str, *evidence: tuple[str, str], words: tuple[Word, ...] = (), probability: float = 0.3
) -> PossibleMatch:
    """A possible match in which each first word of the pairs is lost, with what was transcribed in its place."""
    (passage,) = passages_of(ClipRow("clip.mp3", generated_text=transcript, words=words, duration=3.0))
    found = (
        Evidence(word, "sounds like" if matched else "alternative", tuple(matched.split()), 0.3)
        for word, matched in evidence
    )
    return PossibleMatch(passage, probability, tuple(found))


def texts_of(match: PossibleMatch) -> tuple[str, ...]:
    check = check_of(match)
    return () if check is None else check.texts


@pytest.mark.parametrize(
    ("transcript", "evidence", "texts"),
    [
        ("The wall, vainted red.", [("painted", "vainted")], ["The wall, painted red."]),
        ("THE WALL VAINTED RED", [("painted", "vainted")], ["THE WALL painted RED"]),
        ("we left to morrow", [("tomorrow", "to morrow")], ["we left tomorrow"]),
        ("no, no and no", [("know", "no")], ["know, no and no", "no, know and no", "no, no and know"]),
        ("the blacksmith sang", [("black", "blacksmith"), ("smith", "blacksmith")], ["the black smith sang"]),
        ("vainted by gees", [("painted", "vainted"), ("geese", "gees")], ["painted by geese"]),
        ("to morrow and", [("tomorrow", "to morrow"), ("moral", "morrow and")], []),
        ("“Don’t vaint,” she said", [("don't", "dont"), ("faint", "vaint")], ["“don't faint,” she said"]),
    ],
    ids=["word", "capitals", "pair", "places", "split", "two", "overlap", "quotes"],
)
def test_the_words_stand_in_place_of_what_was_transcribed(
    transcript: str, evidence: list[tuple[str, str]], texts: list[str]
) -> None:
    assert list(texts_of(possible(transcript, *evidence))) == texts


def test_an_alternative_stands_in_place_of_its_word() -> None:
    words = (Word("It", 0, 1), Word("is", 1, 2), Word("mallet", 2, 3, 0.5, (Alternative("Mullet", 0.4),)))
    assert texts_of(possible("It is mallet.", ("mullet", ""), words=words)) == ("It is mullet.",)
    assert texts_of(possible("It is a mallet.", ("mullet", ""), words=words)) == (), "the words are not the transcript"


@pytest.mark.parametrize(
    ("transcript", "place", "matched", "texts"),
    [
        ("The black myth was old.", (1, 3), (), ["The blacksmith was old."]),
        ("The was old.", (1, 1), (), ["The blacksmith was old."]),
        ("so said the", (3, 3), (), ["so said the blacksmith"]),
        ("", (0, 0), (), ["blacksmith"]),
        (
            "plaque met the black myth",
            (3, 5),
            ("plaque",),
            ["plaque met the blacksmith", "blacksmith met the black myth"],
        ),
    ],
    ids=["replaced", "between", "end", "empty", "two places"],
)
def test_a_word_of_a_second_transcript_stands_where_that_one_has_it(
    transcript: str, place: tuple[int, int], matched: tuple[str, ...], texts: list[str]
) -> None:
    second = SecondModel("whisper-base", "blacksmith", 0.9, place)
    kind = "sounds like" if matched else "second transcript"
    match = replace(possible(transcript), evidence=(Evidence("blacksmith", kind, matched, 0.3, second),))
    assert list(texts_of(match)) == texts


def test_words_that_match_or_are_missing_stay_as_they_are() -> None:
    match = possible("the wall was vainted", ("painted", "vainted"))
    others = (Evidence("wall", "word", ("wall",), 1.0), Evidence("blue", "missing"))
    assert texts_of(replace(match, evidence=(*match.evidence, *others))) == ("the wall was painted",)
    assert check_of(replace(match, evidence=others)) is None


def test_many_places_give_few_texts() -> None:
    assert len(texts_of(possible("no " * 20, ("know", "no")))) == MOST_TEXTS


def test_a_passage_is_checked_in_its_place_and_a_reference_needs_no_check() -> None:
    segments = (Segment(0.0, 28.0, "the wall was red"), Segment(32.0, 60.0, "and vainted"))
    text = " ".join(segment.text for segment in segments)
    row = ClipRow("long.mp3", generated_text=text, duration=60.0, segments=segments)
    last: Passage = list(passages_of(row))[-1]
    check = check_of(PossibleMatch(last, 0.3, (Evidence("painted", "sounds like", ("vainted",), 0.3),)))
    assert check is not None
    assert (check.clip, check.transcript, check.texts) == ("long.mp3", "and vainted", ("and painted",))
    assert (check.start, check.end) == (last.start, last.end)
    match = possible("vainted", ("painted", "vainted"))
    (known,) = passages_of(replace(match.passage.row, text="painted"))
    assert check_of(replace(match, passage=known)) is None


def scores(difference: float, mean: float, model: str = "whisper-tiny.en") -> TextScores:
    text = TextScore(difference, WordsScore(mean, mean - 1), WordsScore(-8.0, -9.0))
    return TextScores(model, -1.0, (replace(text, difference=-40.0), text))


@pytest.mark.parametrize("words", [1, 2, 3])
def test_a_text_that_fits_the_audio_raises_the_probability_and_one_that_does_not_lowers_it(words: int) -> None:
    match = possible("vainted", ("painted", "vainted"))
    right, wrong = (revised(match, found, words).probability for found in (scores(12.0, -0.3), scores(-8.0, -12.0)))
    assert wrong < 0.05 < 0.3 < 0.8 < right < 1
    less = revised(replace(match, probability=0.01), scores(12.0, -0.3), words).probability
    assert less < right
    assert (revised(match, scores(12.0, -0.3), words).passage, match.probability) == (match.passage, 0.3)


def test_the_best_text_counts_and_every_figure_is_finite() -> None:
    assert features_of(0.3, scores(2.0, -1.0))[3] == 2.0
    extreme = TextScores("", -99.0, (TextScore(-500.0, WordsScore(-27.0, -27.6), None),))
    for probability in (0.0, 1.0):
        found = features_of(probability, extreme)
        assert len(found) == len(FEATURES)
        assert np.isfinite(found).all()


def test_a_model_without_weights_is_refused_with_those_that_have_some() -> None:
    assert list(verification_models()) == ["whisper-tiny.en-short", "whisper-tiny.en"]
    with pytest.raises(WrongRequest, match=r"cannot be checked with pocketsphinx; use whisper-tiny\.en-short"):
        revised(possible("vainted", ("painted", "vainted")), scores(0.0, 0.0, "pocketsphinx"), 1)


@pytest.mark.parametrize("name", ["whisper-tiny.en-short", "whisper-tiny.en"])
def test_the_shipped_model_is_read_as_it_was_written(name: str) -> None:
    model = verification_model(name)
    again = VerificationModel.from_json(model.to_json())
    assert (again.model, again.thresholds, again.source) == (model.model, model.thresholds, model.source)
    assert np.array_equal(again.weights, model.weights)
    assert (model.threshold(1), model.threshold(3)) == model.thresholds
    with pytest.raises(WrongRequest, match="another version"):
        VerificationModel.from_json(model.to_json() | {"weights": [[0.0], [0.0]]})

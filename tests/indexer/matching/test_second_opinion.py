"""What a second model transcribed where the first transcript has something else."""

import pytest

from hearsay.records.transcript import ModelTranscript, Word
from indexer.documents import stem
from indexer.matching.search import evidence_finder
from indexer.matching.second_opinion import MOST_ALIGNED, NOWHERE, UNKNOWN_CONFIDENCE, Seconded, SecondTranscript
from indexer.phonetics.channel import Channel
from tests.support.finders import finder_over
from tests.support.word_errors import rows

FIRST = ("the", "black", "myth", "was", "vainted", "to", "day")


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Channel:
    return evidence_finder(finder_over(rows()[:50], tmp_path_factory.mktemp("second")).planner).channel


def second(
    text: str, *words: Word, confidence: float | None = None, first: tuple[str, ...] = FIRST
) -> SecondTranscript:
    return SecondTranscript(ModelTranscript("tiny", text, words, confidence), FIRST)


def seconded(transcript: SecondTranscript, word: str, channel: Channel) -> Seconded | None:
    return transcript.seconds(word, stem(word), channel)


def test_a_word_is_found_where_the_first_transcript_has_something_else(channel: Channel):
    found = seconded(second("The blacksmith was painted today."), "blacksmith", channel)
    assert found
    assert (found.model, found.word, found.is_word) == ("tiny", "blacksmith", True)
    assert found.place == (1, 3)
    assert FIRST[slice(*found.place)] == ("black", "myth")


def test_another_form_of_the_word_is_found_too(channel: Channel):
    found = seconded(second("The blacksmiths were painted."), "blacksmith", channel)
    assert found
    assert (found.word, found.is_word) == ("blacksmiths", False)


def test_a_word_that_it_lacks_is_not_found(channel: Channel):
    assert seconded(second("The blacksmith was painted today."), "zebra", channel) is None


def test_what_is_alike_there_is_more_likely_than_what_is_not(channel: Channel):
    alike = seconded(second("The blacksmith was painted today."), "painted", channel)
    unlike = seconded(second("The blacksmith was xylophone today."), "xylophone", channel)
    assert alike
    assert unlike
    assert alike.posterior.log_probability > unlike.posterior.log_probability + 3


def test_a_word_that_the_first_transcript_lacks_altogether_is_nowhere(channel: Channel):
    found = seconded(second("The black myth was always vainted to day."), "always", channel)
    assert found
    assert found.place == (4, 4)
    assert found.posterior == NOWHERE


def test_of_several_places_the_most_confident_counts(channel: Channel):
    words = (Word("no", 0.0, 0.1, 0.2), Word("yes", 0.1, 0.2, 0.9), Word("no", 0.2, 0.3, 0.7))
    found = seconded(second("No, yes, no", *words), "no", channel)
    assert found
    assert found.confidence == 0.7


@pytest.mark.parametrize(
    ("confidence", "words", "expected"),
    [
        (0.8, (), 0.8),
        (None, (), UNKNOWN_CONFIDENCE),
        (0.8, (Word("something", 0.0, 1.0, 0.1),), 0.8),
        (0.8, (Word("painted", 0.0, 1.0),), 0.8),
    ],
    ids=["of the transcript", "unknown", "words of another text", "a word without one"],
)
def test_a_word_without_a_confidence_has_that_of_the_transcript(
    channel: Channel, confidence: float | None, words: tuple[Word, ...], expected: float
):
    found = seconded(second("painted", *words, confidence=confidence), "painted", channel)
    assert found
    assert found.confidence == expected


def test_equal_transcripts_agree_and_different_ones_do_not():
    assert second(" ".join(FIRST)).agreement == 1.0
    assert second("something else").agreement == 0.0
    assert second("the black myth was painted to day").agreement == pytest.approx(6 / 7)


def test_repetitions_are_counted():
    assert second("no no no no").repetition == 0.75
    assert second("").repetition == 0.0


def test_beyond_the_aligned_tokens_the_place_is_unknown(channel: Channel):
    long = tuple(f"word{number}" for number in range(MOST_ALIGNED + 5))
    transcript = SecondTranscript(ModelTranscript("tiny", " ".join((*long, "blacksmith")), (), None), long)
    found = seconded(transcript, "blacksmith", channel)
    assert found
    assert (found.place, found.posterior) == (None, NOWHERE)

"""The confusion channel: which words may have been said where something was transcribed."""

import math

import pytest

from hearsay.records.clip import ClipRow
from indexer.phonetics.channel import DICTIONARY_WORDS, Channel, dictionary_words
from indexer.phonetics.g2p import english
from indexer.phonetics.lexicon import Lexicon
from indexer.phonetics.tables import shipped
from indexer.phonetics.word_counts import count_words
from tests.support.rows import passages

TRANSCRIPTS = ("the wall was vainted red", "a black smith waited", *(f"they waited for us {n}" for n in range(20)))


@pytest.fixture(scope="module")
def channel() -> Channel:
    rows = tuple(ClipRow(f"{number}.mp3", generated_text=text) for number, text in enumerate(TRANSCRIPTS))
    return Channel(Lexicon.of(count_words(passages(rows)), english()), shipped())


def probability(channel: Channel, word: str, *transcribed: str) -> float:
    return math.exp(channel.posterior(word, transcribed).log_probability)


def test_the_probabilities_of_all_words_add_up_to_at_most_one(channel: Channel):
    for transcribed in (("vainted",), ("black", "smith")):
        whole = sum(probability(channel, word, *transcribed) for word in dictionary_words()[:3000:3])
        assert 0 < whole <= 1


def test_an_invented_word_is_more_often_a_misrecognition_than_a_common_word(channel: Channel):
    assert probability(channel, "painted", "vainted") > 20 * probability(channel, "painted", "waited")


def test_words_that_sound_more_alike_are_more_probable(channel: Channel):
    assert probability(channel, "painted", "vainted") > 100 * probability(channel, "otter", "vainted")
    assert probability(channel, "blacksmith", "black", "smith") > 0.01
    assert probability(channel, "blacksmith", "black", "smith") > 100 * probability(channel, "otter", "black", "smith")


def test_the_odds_are_those_against_the_most_likely_other_word(channel: Channel):
    """Where many words compete, each has a lower probability than odds."""
    for word, transcribed in (("painted", ("vainted",)), ("waited", ("vainted",)), ("otter", ("vainted",))):
        found = channel.posterior(word, transcribed)
        assert found.log_probability <= 0
        assert found.log_odds >= found.log_probability


def test_a_query_word_that_english_lacks_can_be_said(channel: Channel):
    assert 0 < probability(channel, "vaynted", "vainted") < 1


@pytest.mark.parametrize("transcribed", [("京都",), ("4",), ("!",)], ids=str)
def test_without_a_pronunciation_nothing_is_probable(channel: Channel, transcribed: tuple[str, ...]):
    found = channel.posterior("painted", transcribed)
    assert math.isfinite(found.log_probability)
    assert math.isfinite(found.log_odds)
    assert math.exp(found.log_probability) < 0.05


def test_the_dictionary_has_the_most_frequent_english_words():
    words = dictionary_words()
    assert len(words) == len(set(words)) == DICTIONARY_WORDS
    assert "the" in words[:10]
    assert words.index("water") < words.index("thunder")
    assert all(word.isalpha() for word in words)

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearsay.text.normalize import tokens
from indexer.errors import WrongRequest
from indexer.phonetics.expansion import AS_ONE, FEATURES, MISSPELT, NEAREST, Guess, Guesser
from indexer.phonetics.g2p import english
from indexer.phonetics.lexicon import Lexicon
from indexer.phonetics.tables import shipped
from indexer.phonetics.word_counts import Tally

HEARD = (
    "THE WALL WAS VAINTED RED",
    "A BLACK SMITH AND SOME ONE",
    "THE BOYS RAN FAR",
    "ANOTHER BUOY",
    "AN UTTER LION",
    "京都大学 1984",
)


def lexicon_of(*heard: str) -> Lexicon:
    tally = Tally()
    for transcript in heard:
        tally.add(" ".join(tokens(transcript)))
    return Lexicon.of(tally, english())


@pytest.fixture(scope="module")
def guesser() -> Guesser:
    return Guesser(lexicon_of(*HEARD), shipped(), english())


@pytest.mark.parametrize(
    ("word", "heard"),
    [
        ("painted", ("vainted",)),
        ("otter", ("utter",)),
        ("boy", ("boys",)),
        ("blacksmith", ("black", "smith")),
        ("someone", ("some", "one")),
        ("boise", ("boys",)),
    ],
)
def test_the_likeliest_word_or_pair_is_what_a_person_would_guess(guesser: Guesser, word: str, heard: tuple[str, ...]):
    guesses = guesser.guesses(word)
    assert next(guess.tokens for guess in guesses if len(guess.tokens) == len(heard)) == heard
    assert set(heard) <= set(guesses[0].tokens), "a pair may hold the word and its neighbour"


@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=30) | st.sampled_from(["otter", "vainted", "x" * 200])
)
@settings(max_examples=60)
def test_guesses_come_by_falling_probability_and_none_holds_the_word_itself(guesser: Guesser, word: str):
    guesses = guesser.guesses(word)
    assert all(0 <= guess.probability <= 1 for guess in guesses)
    assert [guess.probability for guess in guesses] == sorted((guess.probability for guess in guesses), reverse=True)
    assert all(word not in guess.tokens for guess in guesses)
    assert len({guess.tokens for guess in guesses}) == len(guesses) <= 2 * NEAREST


def test_every_guess_stands_in_the_index(guesser: Guesser):
    words, pairs = set(guesser.lexicon.words), set(guesser.lexicon.pair_counts())
    for guess in guesser.guesses("blacksmith"):
        assert guess.tokens in pairs or guess.tokens[0] in words


@pytest.mark.parametrize("word", ["京都", "1984", "∅", ""])
def test_what_nobody_can_pronounce_has_no_guesses(guesser: Guesser, word: str):
    assert guesser.guesses(word) == ()
    assert guesser.candidates(word, guesser.lexicon.single).features.shape == (0, len(FEATURES))


def test_what_two_words_are_as_one_stands_for_either(guesser: Guesser):
    alone = guesser.guesses("ted")
    together = guesser.guesses("ted", ("vainted", "nowhere"))
    assert together[0] == Guess(("vainted",), AS_ONE)
    assert [guess for guess in alone if guess.tokens != ("vainted",)] == list(together[1:])
    assert guesser.guesses("ted", ("nowhere",)) == alone


def test_among_no_words_there_are_no_guesses():
    assert Guesser(lexicon_of(), shipped(), english()).guesses("boy") == ()
    assert Guesser(lexicon_of("boy"), shipped(), english()).guesses("boy") == ()


def test_the_same_word_is_guessed_at_once(guesser: Guesser):
    assert guesser.guesses("painted") is guesser.guesses("painted")


def test_the_rate_of_a_word_is_its_share_of_the_passages_and_never_nothing():
    few = Guesser(lexicon_of("the boy", "the girl"), shipped(), english())
    assert (few.rate("the"), few.rate("boy")) == (1.0, 0.5)
    assert few.rate("nowhere") == 1 / shipped().passages
    assert Guesser(lexicon_of(), shipped(), english()).rate("boy") == 1 / shipped().passages


def test_a_sign_of_a_rare_word_tells_more_and_the_better_so_the_fewer_words_leave_none():
    few = lexicon_of("the boy", "the girl", "the dog", "the boy ran")
    guesser, deafer = (
        Guesser(few, replace(shipped(), passages=4, unseen=unseen), english()) for unseen in (0.02, 0.08)
    )
    assert guesser.floor("the") == pytest.approx(0.02)
    assert guesser.floor("girl") == pytest.approx(0.01)
    assert deafer.floor("girl") == pytest.approx(0.04)


def test_features_are_finite_and_the_last_is_one(guesser: Guesser):
    for entries in (guesser.lexicon.single, guesser.lexicon.double):
        features = guesser.candidates("blacksmith", entries).features
        assert 0 < len(features) <= len(entries)
        assert features.shape[1] == len(FEATURES)
        assert np.all(np.isfinite(features))
        assert np.all(features[:, -1] == 1)


def test_what_is_spelled_alike_costs_less_than_what_is_not(guesser: Guesser):
    candidates = guesser.candidates("painted", guesser.lexicon.single)
    words = [guesser.lexicon.words[row] for row in candidates.rows]
    sound, letter = (dict(zip(words, candidates.features[:, column], strict=True)) for column in (0, 3))
    assert sound["vainted"] == min(sound.values())
    assert letter["vainted"] == min(letter.values())


def test_an_index_that_is_a_thousand_times_as_large_is_guessed_at_alike():
    """Probabilities rest on shares: the same transcripts a thousand times over change none of them by much."""
    tally = Tally()
    for _ in range(200):
        for transcript in HEARD * 10:
            tally.add(" ".join(tokens(transcript)))
    large, small = (
        Guesser(lexicon, shipped(), english())
        for lexicon in (Lexicon.of(tally, english()), lexicon_of(*HEARD * (shipped().passages // len(HEARD))))
    )
    for word in ("painted", "blacksmith"):
        one, other = large.guesses(word)[0], small.guesses(word)[0]
        assert one.tokens == other.tokens
        assert one.probability == pytest.approx(other.probability, rel=0.05)


@pytest.mark.parametrize("word", ["a", "i", "u", "x", "oh", "zz", "mmm"])
def test_a_short_word_has_no_long_one_for_a_guess(word: str):
    """What is learned from words of four letters and more would else call everything likely that is far away."""
    heard = "approached internationalizations beautiful masized attempting alchymist everyone expectations macksack"
    guesses = Guesser(lexicon_of(heard), shipped(), english()).guesses(word)
    assert all(guess.probability < 0.5 for guess in guesses), guesses[:3]


def test_a_misspelt_word_has_the_right_one_for_a_likely_guess(guesser: Guesser):
    for typed in ("vaintde", "vainte", "vaimted"):
        probability = {guess.tokens: guess.probability for guess in guesser.guesses(typed)}
        assert probability["vainted",] >= MISSPELT
        assert probability.get(("utter",), 0) < MISSPELT, "more than a letter is wrong in it"


def test_tables_of_other_features_are_to_be_learned_again():
    tables = replace(shipped(), weights=np.zeros((2, len(FEATURES) + 1)))
    with pytest.raises(WrongRequest, match=r"learned from .* another version.*learn them again with: indexer learn"):
        Guesser(lexicon_of(*HEARD), tables, english())

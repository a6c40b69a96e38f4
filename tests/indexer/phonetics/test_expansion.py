from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearsay.text.normalize import tokens
from indexer.errors import WrongRequest
from indexer.phonetics.expansion import AS_ONE, FEATURES, MISSPELT, NEAREST, Expander, Expansion
from indexer.phonetics.g2p import english
from indexer.phonetics.lexicon import Lexicon
from indexer.phonetics.tables import shipped
from indexer.phonetics.word_counts import WordCounter

TRANSCRIPTS = (
    "THE WALL WAS VAINTED RED",
    "A BLACK SMITH AND SOME ONE",
    "THE BOYS RAN FAR",
    "ANOTHER BUOY",
    "AN UTTER LION",
    "京都大学 1984",
)


def lexicon_of(*recognised: str) -> Lexicon:
    tally = WordCounter()
    for transcript in recognised:
        tally.add(" ".join(tokens(transcript)))
    return Lexicon.of(tally, english())


@pytest.fixture(scope="module")
def expander() -> Expander:
    return Expander(lexicon_of(*TRANSCRIPTS), shipped(), english())


@pytest.mark.parametrize(
    ("word", "recognised"),
    [
        ("painted", ("vainted",)),
        ("otter", ("utter",)),
        ("boy", ("boys",)),
        ("blacksmith", ("black", "smith")),
        ("someone", ("some", "one")),
        ("boise", ("boys",)),
    ],
)
def test_the_most_likely_word_or_pair_is_the_expected_one(expander: Expander, word: str, recognised: tuple[str, ...]):
    expansions = expander.expansions(word)
    assert next(expansion.tokens for expansion in expansions if len(expansion.tokens) == len(recognised)) == recognised
    assert set(recognised) <= set(expansions[0].tokens), "a pair may hold the word and its neighbour"


@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=30) | st.sampled_from(["otter", "vainted", "x" * 200])
)
@settings(max_examples=60)
def test_expansions_are_sorted_by_probability_and_do_not_contain_the_word_itself(expander: Expander, word: str):
    expansions = expander.expansions(word)
    assert all(0 <= expansion.probability <= 1 for expansion in expansions)
    assert [expansion.probability for expansion in expansions] == sorted(
        (expansion.probability for expansion in expansions), reverse=True
    )
    assert all(word not in expansion.tokens for expansion in expansions)
    assert len({expansion.tokens for expansion in expansions}) == len(expansions) <= 2 * NEAREST


def test_every_expansion_is_in_the_index(expander: Expander):
    words, pairs = set(expander.lexicon.words), set(expander.lexicon.pair_counts())
    for expansion in expander.expansions("blacksmith"):
        assert expansion.tokens in pairs or expansion.tokens[0] in words


@pytest.mark.parametrize("word", ["京都", "1984", "∅", ""])
def test_a_word_without_a_pronunciation_has_no_expansions(expander: Expander, word: str):
    assert expander.expansions(word) == ()
    assert expander.candidates(word, expander.lexicon.single).features.shape == (0, len(FEATURES))


@pytest.mark.parametrize("word", ["2nd", "mp3", "b12", "x²", "½lb", "3boys"])
def test_a_word_with_a_digit_has_no_expansions(expander: Expander, word: str):
    assert expander.expansions(word) == ()
    assert expander.expansions(word, ("boys",)) == (), "nor together with its neighbours"


def test_given_compounds_in_the_lexicon_are_the_first_expansions(expander: Expander):
    alone = expander.expansions("ted")
    together = expander.expansions("ted", ("vainted", "nowhere"))
    assert together[0] == Expansion(("vainted",), AS_ONE, is_spelling=True)
    assert [expansion for expansion in alone if expansion.tokens != ("vainted",)] == list(together[1:])
    assert expander.expansions("ted", ("nowhere",)) == alone


def test_a_lexicon_without_other_words_gives_no_expansions():
    assert Expander(lexicon_of(), shipped(), english()).expansions("boy") == ()
    assert Expander(lexicon_of("boy"), shipped(), english()).expansions("boy") == ()


def test_the_expansions_of_a_word_are_cached(expander: Expander):
    assert expander.expansions("painted") is expander.expansions("painted")


def test_the_rate_of_a_word_is_its_share_of_the_passages_and_never_zero():
    few = Expander(lexicon_of("the boy", "the girl"), shipped(), english())
    assert (few.rate("the"), few.rate("boy")) == (1.0, 0.5)
    assert few.rate("nowhere") == 1 / shipped().passages
    assert Expander(lexicon_of(), shipped(), english()).rate("boy") == 1 / shipped().passages


def test_evidence_for_a_rare_word_weighs_more():
    few = lexicon_of("the boy", "the girl", "the dog", "the boy ran")
    expander, less_sensitive = (
        Expander(few, replace(shipped(), passages=4, unseen=unseen), english()) for unseen in (0.02, 0.08)
    )
    assert expander.floor("the") == pytest.approx(0.02)
    assert expander.floor("girl") == pytest.approx(0.01)
    assert less_sensitive.floor("girl") == pytest.approx(0.04)


def test_features_are_finite_and_the_last_is_one(expander: Expander):
    for entries in (expander.lexicon.single, expander.lexicon.double):
        features = expander.candidates("blacksmith", entries).features
        assert 0 < len(features) <= len(entries)
        assert features.shape[1] == len(FEATURES)
        assert np.all(np.isfinite(features))
        assert np.all(features[:, -1] == 1)


def test_the_most_similar_word_has_the_lowest_sound_and_letter_costs(expander: Expander):
    candidates = expander.candidates("painted", expander.lexicon.single)
    words = [expander.lexicon.words[row] for row in candidates.rows]
    sound, letter = (dict(zip(words, candidates.features[:, column], strict=True)) for column in (0, 3))
    assert sound["vainted"] == min(sound.values())
    assert letter["vainted"] == min(letter.values())


def test_the_size_of_the_index_hardly_changes_the_probabilities():
    """Probabilities depend on shares: repeating the same transcripts hardly changes them."""
    tally = WordCounter()
    for _ in range(200):
        for transcript in TRANSCRIPTS * 10:
            tally.add(" ".join(tokens(transcript)))
    large, small = (
        Expander(lexicon, shipped(), english())
        for lexicon in (
            Lexicon.of(tally, english()),
            lexicon_of(*TRANSCRIPTS * (shipped().passages // len(TRANSCRIPTS))),
        )
    )
    for word in ("painted", "blacksmith"):
        one, other = large.expansions(word)[0], small.expansions(word)[0]
        assert one.tokens == other.tokens
        assert one.probability == pytest.approx(other.probability, rel=0.05)


@pytest.mark.parametrize("word", ["a", "i", "u", "x", "oh", "zz", "mmm"])
def test_a_short_word_has_no_likely_long_expansion(word: str):
    """Weights learned from words of four letters and more would otherwise rate all distant words as likely."""
    recognised = (
        "approached internationalizations beautiful masized attempting alchymist everyone expectations macksack"
    )
    expansions = Expander(lexicon_of(recognised), shipped(), english()).expansions(word)
    assert all(expansion.probability < 0.5 for expansion in expansions), expansions[:3]


def test_the_correct_spelling_is_a_likely_expansion_of_a_misspelt_word(expander: Expander):
    for typed in ("vaintde", "vainte", "vaimted"):
        probability = {expansion.tokens: expansion.probability for expansion in expander.expansions(typed)}
        assert probability["vainted",] >= MISSPELT
        assert probability.get(("utter",), 0) < MISSPELT, "more than one letter differs"


def test_tables_with_other_features_must_be_learned_again():
    tables = replace(shipped(), weights=np.zeros((2, len(FEATURES) + 1)))
    with pytest.raises(WrongRequest, match=r"learned from .* another version.*learn them again with: indexer learn"):
        Expander(lexicon_of(*TRANSCRIPTS), tables, english())

"""The words for word error rate: those of OpenAI's normaliser, on the fast path and on the full one."""

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearsay.text.scoring import _rewritten_words, normalizer_in_words, scored_words

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "invalid escape sequence")
    from whisper_normalizer.english import EnglishTextNormalizer

NORMALIZER = EnglishTextNormalizer()
ORDINARY = ("the", "dog", "and", "a", "s", "th", "St", "Colour", "SAINT", "it's", "won't", "he's", "been", "22", "$5")
SEPARATORS = (" ", " ", " ", ". ", ", ", "? ", "! ", "... ", "  ", "-", ",", " '", "\n")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(ORDINARY) | st.sampled_from(sorted(_rewritten_words())) | st.text(max_size=4),
            st.sampled_from(SEPARATORS),
        ),
        max_size=8,
    )
)
def test_the_words_of_any_text_are_those_of_the_package(pieces: list[tuple[str, str]]):
    text = "".join(word + separator for word, separator in pieces).translate(dict.fromkeys(map(ord, "‘’ʼ`´′"), "'"))
    assert scored_words(text, "", language="en")[0] == NORMALIZER(text).split()


@given(st.lists(st.tuples(st.sampled_from(("the", "Dog", "and", "a", "s", "th")), st.sampled_from((" ", ". ", ", ")))))
def test_the_words_of_a_simple_sentence_are_those_of_the_package(pieces: list[tuple[str, str]]):
    text = "".join(word + separator for word, separator in pieces).strip()
    assert scored_words(text, "", language="en")[0] == NORMALIZER(text).split()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("the dog sang", "The dog sang."),
        ("twenty two days", "22 days"),
        ("i won't", "I will not."),
        ("the colour of the harbour", "the color of the harbor"),
        ("mr smith and dr jones", "mister Smith, and Doctor Jones"),
        ("um the dog", "the dog"),
        ("don’t", "don't"),
    ],
)
def test_different_spellings_of_the_same_words_are_equal(one: str, other: str):
    first, second = scored_words(one, other)
    assert first == second


@pytest.mark.parametrize(("language", "equal"), [("en-GB", True), ("", True), ("de", False)])
def test_only_english_is_normalised_by_the_package(language: str, equal: bool):
    first, second = scored_words("twenty", "20", language=language)
    assert (first == second) is equal


def test_normalisers_are_named():
    assert normalizer_in_words("whisper").startswith("whisper-normalizer ")
    assert normalizer_in_words("plain").startswith("the plain normaliser ")

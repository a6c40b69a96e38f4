import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.phonetics.alphabets import (
    LETTER_COUNT,
    LETTERS,
    OTHER_LETTER,
    PHONEME_COUNT,
    PHONEMES,
    SPACE,
    VOWELS,
    letters,
    plain,
)


def test_there_are_the_39_phonemes_of_the_dictionary_and_15_of_them_are_vowels():
    assert len(set(PHONEMES)) == PHONEME_COUNT - 1 == 39
    assert len(VOWELS) == 15
    assert {PHONEMES[number - 1] for number in VOWELS} >= {"AA", "ER", "IY", "OY", "UW"}
    assert not {PHONEMES[number - 1] for number in VOWELS} & {"W", "Y", "HH", "NG"}


def test_letters_and_digits_have_numbers_of_their_own_from_one_on():
    assert list(letters(LETTERS)) == list(range(1, 37))
    assert list(letters("a b")) == [1, SPACE, 2]


@given(st.text(max_size=30))
def test_every_text_has_one_number_a_character_and_zero_is_none_of_them(text: str):
    numbers = letters(text)
    assert len(numbers) == len(text)
    assert all(0 < number < LETTER_COUNT for number in numbers)


def test_what_is_no_letter_of_english_has_one_number_for_all():
    assert set(letters("éß京-A")) == {OTHER_LETTER}


@pytest.mark.parametrize(("word", "expected"), [("café", "cafe"), ("naïve", "naive"), ("boy", "boy"), ("京", "京")])
def test_an_english_reader_sees_no_accents(word: str, expected: str):
    assert plain(word) == expected

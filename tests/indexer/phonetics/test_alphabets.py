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


def test_there_are_39_phonemes_and_15_of_them_are_vowels():
    assert len(set(PHONEMES)) == PHONEME_COUNT - 1 == 39
    assert len(VOWELS) == 15
    assert {PHONEMES[number - 1] for number in VOWELS} >= {"AA", "ER", "IY", "OY", "UW"}
    assert not {PHONEMES[number - 1] for number in VOWELS} & {"W", "Y", "HH", "NG"}


def test_letters_and_digits_have_distinct_numbers_starting_at_one():
    assert list(letters(LETTERS)) == list(range(1, 37))
    assert list(letters("a b")) == [1, SPACE, 2]


@given(st.text(max_size=30))
def test_every_character_has_a_number_other_than_zero(text: str):
    numbers = letters(text)
    assert len(numbers) == len(text)
    assert all(0 < number < LETTER_COUNT for number in numbers)


def test_all_other_characters_share_one_number():
    assert set(letters("éß京-A")) == {OTHER_LETTER}


@pytest.mark.parametrize(("word", "expected"), [("café", "cafe"), ("naïve", "naive"), ("boy", "boy"), ("京", "京")])
def test_accents_are_removed(word: str, expected: str):
    assert plain(word) == expected

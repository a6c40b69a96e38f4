import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.phonetics.candidates import (
    MOST_LETTERS,
    MOST_PHONEMES,
    Entries,
    joined,
    padded_letters,
    padded_phonemes,
    sketches,
)

symbols = st.lists(st.integers(1, 39), max_size=30).map(bytes)


def entries(sounds: list[bytes], words: list[str]) -> Entries:
    ones = np.ones(len(words), np.float32)
    numbers = np.arange(len(words), dtype=np.int32)[:, None]
    return Entries(
        numbers, padded_phonemes(sounds), padded_letters(words), passages=ones, rarer=ones, commoner=ones, known=ones
    )


def made_up(number: int) -> tuple[list[bytes], list[str]]:
    """Words of any letters, each letter with one sound."""
    chance = random.Random(4)
    words = ["".join(chance.choices("abcdefghijklmnoprstuvw", k=chance.randint(3, 11))) for _ in range(number)]
    return [bytes(ord(letter) - 96 for letter in word) for word in words], words


def as_array(word: bytes) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.frombuffer(word, np.uint8)


@pytest.mark.parametrize("length_weight", [0, 1])
def test_the_nearest_of_thousands_is_in_the_shortlist(length_weight: int):
    sounds, words = made_up(5000)
    everything = entries(sounds, words)
    for number in range(0, 5000, 97):
        sound = bytes([*sounds[number][:-1], 38])  # one phoneme differs
        found = everything.shortlist(as_array(sound), as_array(padded_letters([words[number]])[0]), 200, length_weight)
        assert number in found
        assert list(found) == sorted(found)
        assert 100 < len(found) < 400


def test_the_shortlist_of_a_few_entries_has_all_of_them():
    sounds, words = made_up(40)
    found = entries(sounds, words).shortlist(as_array(sounds[0]), as_array(padded_letters([words[0]])[0]), 40, 1)
    assert list(found) == list(range(40))
    assert list(entries([], []).shortlist(as_array(sounds[0]), as_array(sounds[0]), 40, 1)) == []


def test_the_shortlist_of_equal_entries_has_the_requested_size():
    same = entries([b"\1\2\3"] * 3000, ["abc"] * 3000)
    assert len(same.shortlist(as_array(b"\1\2\3"), as_array(b"\1\2\3"), 100, 1)) == 100


def test_a_word_of_any_length_has_a_shortlist():
    everything = entries(*made_up(3000))
    for length in (1, MOST_PHONEMES, MOST_PHONEMES * 4):
        assert len(everything.shortlist(as_array(bytes([5] * length)), as_array(bytes([5] * length)), 50, 1)) >= 25


def test_sketches_are_sets_of_symbols_and_of_pairs_in_order():
    there, other, turned = (sketches(padded_phonemes([word])) for word in (b"\1\2\3", b"\1\2\3\1", b"\2\1"))
    assert there[0].tolist() == [0b1110]
    assert other[0].tolist() == [0b1110], "a repeated token is counted once"
    assert turned[0].tolist() == [0b110]
    assert np.bitwise_count(there[1]).tolist() == [2], "there are two neighbours, and nothing after the end"
    assert np.bitwise_count(there[2]).tolist() == [1], "there is one pair with one word between"
    assert (there[1] & turned[1]).tolist() == [0]
    assert [part.tolist() for part in sketches(padded_phonemes([b""]))] == [[0], [0], [0]]


@given(st.lists(st.tuples(symbols, symbols), min_size=1, max_size=6))
def test_a_joined_pair_has_the_symbols_of_both_words_up_to_the_width(pairs: list[tuple[bytes, bytes]]):
    words = padded_phonemes([word for pair in pairs for word in pair])
    first = np.arange(0, 2 * len(pairs), 2, dtype=np.int32)
    rows = joined(words, first, first + np.int32(1))
    for row, (one, other) in zip(rows, pairs, strict=True):
        both = (one[:MOST_PHONEMES] + other[:MOST_PHONEMES])[:MOST_PHONEMES]
        assert row.tobytes() == both.ljust(MOST_PHONEMES, b"\0")


def test_lengths_are_limited_to_the_compared_width():
    some = entries([b"", b"\1", bytes([7] * 50)], ["", "a", "a" * 50])
    assert some.phoneme_lengths.tolist() == [0, 1, MOST_PHONEMES]
    assert some.letter_lengths.tolist() == [0, 1, MOST_LETTERS]
    assert len(some) == 3

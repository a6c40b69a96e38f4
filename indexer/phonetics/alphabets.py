"""The two alphabets of phonetic search, phonemes and letters. Each symbol has a number; 0 means no symbol."""

import unicodedata
from typing import Final

import numpy as np
from numpy.typing import NDArray

PHONEMES: Final = (
    *("AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY"),
    *("F", "G", "HH", "IH", "IY", "JH", "K", "L", "M", "N", "NG", "OW", "OY"),
    *("P", "R", "S", "SH", "T", "TH", "UH", "UW", "V", "W", "Y", "Z", "ZH"),
)
"""ARPAbet without stress, as in the CMU Pronouncing Dictionary; the first phoneme has the number 1."""

VOWELS: Final = frozenset(number for number, name in enumerate(PHONEMES, 1) if name[0] in "AEIOU")

LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
OTHER_LETTER: Final = len(LETTERS) + 1
SPACE: Final = OTHER_LETTER + 1

PHONEME_COUNT: Final = len(PHONEMES) + 1
LETTER_COUNT: Final = SPACE + 1

_NUMBERS: Final = {letter: number for number, letter in enumerate(LETTERS, 1)} | {" ": SPACE}

Symbols = NDArray[np.uint8]
"""Numbers of symbols of one alphabet, in order."""


def letters(text: str) -> bytes:
    """The numbers of a text's letters; all characters but English letters, digits and spaces share one number."""
    return bytes(_NUMBERS.get(letter, OTHER_LETTER) for letter in text)


def has_digit(word: str) -> bool:
    """Whether a word is a number or contains one, as ``2nd``; it is not pronounced as its letters are."""
    return any(map(str.isnumeric, word))


def plain(word: str) -> str:
    """The word without accents and other marks, as an English reader reads ``café``."""
    if word.isascii():
        return word
    return "".join(part for part in unicodedata.normalize("NFD", word) if not unicodedata.combining(part))

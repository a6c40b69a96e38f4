"""Entries: words and word pairs as arrays of phonemes and letters, and a fast search for those similar to a word."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.phonetics.alphabets import Symbols, letters

MOST_PHONEMES: Final = 20
MOST_LETTERS: Final = 22
"""Only this many phonemes and letters of a word or pair are compared."""

_SAMPLE: Final = 64
"""The size of the sample from which the score of the shortlist's last entry is estimated."""

_MIX: Final = np.uint64(0x9E3779B97F4A7C15)  # Knuth's multiplicative hashing: 2^64 / golden ratio

Padded = NDArray[np.uint8]
"""Shape (rows, width): the symbols of one word per row, padded with 0."""

Bits = NDArray[np.uint64]


@dataclass(frozen=True)
class Entries:
    """Words or pairs of words, one per row.

    ``members`` has the numbers of its words, shape (rows, 1 or 2); ``passages`` the number of passages that contain it,
    ``rarer`` and ``commoner`` those that contain its rarer and its more frequent member; ``known`` the share of its
    members that the dictionary has.
    """

    members: NDArray[np.int32]
    phonemes: Padded
    letters: Padded
    passages: NDArray[np.float32]
    rarer: NDArray[np.float32]
    commoner: NDArray[np.float32]
    known: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.members)

    @cached_property
    def phoneme_lengths(self) -> NDArray[np.intp]:
        return _lengths(self.phonemes)

    @cached_property
    def letter_lengths(self) -> NDArray[np.intp]:
        return _lengths(self.letters)

    @cached_property
    def _sketches(self) -> tuple[Bits, ...]:
        return (*sketches(self.phonemes), *sketches(self.letters))

    def shortlist(self, sound: Symbols, spelling: Symbols, most: int, length_weight: int) -> NDArray[np.intp]:
        """The rows of about ``most`` entries that share the most phonemes and letters with a word, ascending.

        ``length_weight`` is the penalty per phoneme of difference in length. The shortlist only selects the entries
        whose edit distance is worth computing: for 200,000 words, a shortlist of 1,000 contains 93 % of the 35 nearest
        words, and nearly always the nearest one.
        """
        if len(self) <= most:
            return np.arange(len(self))
        wanted = (*sketches(sound[None, :MOST_PHONEMES]), *sketches(spelling[None, :MOST_LETTERS]))
        shared = np.zeros(len(self), np.uint8)
        common, count = np.empty(len(self), np.uint64), np.empty(len(self), np.uint8)
        for weight, there, (own,) in zip(_WEIGHTS, self._sketches, wanted, strict=True):
            np.bitwise_count(np.bitwise_and(there, own, out=common), out=count)
            for _ in range(weight):
                shared += count
        if length_weight:
            apart = np.abs(np.arange(MOST_PHONEMES + 1) - len(sound)) * length_weight
            shared += np.uint8(_ROOM) - np.minimum(apart, _ROOM).astype(np.uint8)[self._short_lengths]
        # a limit estimated from a sample, so that not all are sorted
        sample = shared[:: max(1, min(_SAMPLE, len(shared) // (8 * most)))]
        nth = -max(1, most * len(sample) // len(shared))
        limit = np.partition(sample, nth)[nth]
        found = np.flatnonzero(shared >= limit)
        if len(found) <= most:
            return found
        order = np.argsort(-shared[found].astype(np.int16), kind="stable")[:most]
        return np.sort(found[order])

    @cached_property
    def _short_lengths(self) -> NDArray[np.uint8]:
        return self.phoneme_lengths.astype(np.uint8)


_WEIGHTS: Final = (2, 1, 1, 1, 1, 1)
"""Weights of shared phonemes, pairs of neighbouring phonemes, pairs with one phoneme between them, and the same for
letters; of seven weightings these give the best recall, as stated in `Entries.shortlist`."""

_ROOM: Final = 40


def sketches(words: Padded) -> tuple[Bits, Bits, Bits]:
    """Three sets of up to 64 members per word: symbols, neighbouring pairs, and pairs with one symbol between them."""
    wide = words.astype(np.uint64)
    lengths = _lengths(words)
    neighbours = wide[:, :-1] * np.uint64(64) + wide[:, 1:]
    apart = wide[:, :-2] * np.uint64(64) + wide[:, 2:]
    return _set(wide, lengths), _set(_hashed(neighbours), lengths - 1), _set(_hashed(apart), lengths - 2)


def _lengths(words: Padded) -> NDArray[np.intp]:
    return np.asarray(np.count_nonzero(words, axis=1), np.intp)


def _hashed(numbers: Bits) -> Bits:
    return np.asarray((numbers * _MIX) >> np.uint64(58), np.uint64)


def _set(members: Bits, lengths: NDArray[np.intp]) -> Bits:
    counts = np.arange(members.shape[1]) < lengths[:, None]
    return np.asarray(np.bitwise_or.reduce(np.where(counts, np.uint64(1) << members, np.uint64(0)), axis=1), np.uint64)


def padded_phonemes(pronunciations: Sequence[bytes]) -> Padded:
    """Pronunciations as rows of one array, padded to `MOST_PHONEMES`."""
    return _padded(pronunciations, MOST_PHONEMES)


def padded_letters(words: Sequence[str]) -> Padded:
    """The letters of words as rows of one array, padded to `MOST_LETTERS`."""
    return _padded(list(map(letters, words)), MOST_LETTERS)


def _padded(rows: Sequence[bytes], width: int) -> Padded:
    packed = b"".join(row[:width].ljust(width, b"\0") for row in rows)
    return np.frombuffer(packed, np.uint8).reshape(len(rows), width)


def joined(words: Padded, first: NDArray[np.int32], second: NDArray[np.int32]) -> Padded:
    """The symbols of one word followed by those of another, cut to the width."""
    width = words.shape[1]
    rows = words[first].copy()
    starts = _lengths(rows)
    for at in range(width):
        fits = np.flatnonzero(starts + at < width)
        rows[fits, starts[fits] + at] = words[second[fits], at]
    return rows

"""Entries: words or pairs of words as arrays of phonemes and letters, and the quick search for those like a word."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.phonetics.alphabets import Symbols, letters

LONGEST_SOUND: Final = 20
LONGEST_SPELLING: Final = 22
"""Phonemes and letters that are compared of a word or pair; what is beyond does not count."""

_SAMPLE: Final = 64
"""Every so many entries are looked at to tell how alike the likest are."""

_MIX: Final = np.uint64(0x9E3779B97F4A7C15)  # Knuth's multiplicative hash: 2^64 over the golden ratio

Padded = NDArray[np.uint8]
"""Shape (rows, width): the symbols of one word a row, 0 behind its last."""

Bits = NDArray[np.uint64]


@dataclass(frozen=True)
class Entries:
    """Words or pairs, one a row.

    ``members`` are the numbers of its words, shape (rows, 1 or 2); ``passages`` how many have it, ``rarer`` and
    ``commoner`` how many have its rarer and its more frequent member; ``known`` the share of its members that are in
    the dictionary.
    """

    members: NDArray[np.int32]
    sounds: Padded
    letters: Padded
    passages: NDArray[np.float32]
    rarer: NDArray[np.float32]
    commoner: NDArray[np.float32]
    known: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.members)

    @cached_property
    def sound_lengths(self) -> NDArray[np.intp]:
        return _lengths(self.sounds)

    @cached_property
    def letter_lengths(self) -> NDArray[np.intp]:
        return _lengths(self.letters)

    @cached_property
    def _sketches(self) -> tuple[Bits, ...]:
        return (*sketches(self.sounds), *sketches(self.letters))

    def likest(self, sound: Symbols, spelling: Symbols, most: int, length_weight: int) -> NDArray[np.intp]:
        """The numbers of about ``most`` entries that share the most sounds and letters with a word, in order.

        ``length_weight`` is what each phoneme costs that an entry is longer or shorter by. This only narrows down what
        is worth measuring: of 200,000 words, 1,000 of them hold 93 % of the 35 nearest, and the nearest nearly always.
        """
        if len(self) <= most:
            return np.arange(len(self))
        wanted = (*sketches(sound[None, :LONGEST_SOUND]), *sketches(spelling[None, :LONGEST_SPELLING]))
        shared = np.zeros(len(self), np.uint8)
        common, count = np.empty(len(self), np.uint64), np.empty(len(self), np.uint8)
        for weight, there, (asked,) in zip(_WEIGHTS, self._sketches, wanted, strict=True):
            np.bitwise_count(np.bitwise_and(there, asked, out=common), out=count)
            for _ in range(weight):
                shared += count
        if length_weight:
            apart = np.abs(np.arange(LONGEST_SOUND + 1) - len(sound)) * length_weight
            shared += np.uint8(_ROOM) - np.minimum(apart, _ROOM).astype(np.uint8)[self._short_lengths]
        return _highest(shared, most)

    @cached_property
    def _short_lengths(self) -> NDArray[np.uint8]:
        return self.sound_lengths.astype(np.uint8)


_WEIGHTS: Final = (2, 1, 1, 1, 1, 1)
"""Of shared phonemes, neighbouring phonemes, phonemes with one between, and letters likewise; chosen by the recall that
`Entries.likest` states, among seven ways to weigh them."""

_ROOM: Final = 40


def _highest(values: NDArray[np.uint8], most: int) -> NDArray[np.intp]:
    """About the ``most`` highest: those above what a sample says is the limit, and exactly ``most`` if that is more."""
    sample = values[:: max(1, min(_SAMPLE, len(values) // (8 * most)))]
    limit = np.partition(sample, -max(1, most * len(sample) // len(values)))[-max(1, most * len(sample) // len(values))]
    found = np.flatnonzero(values >= limit)
    if len(found) <= most:
        return found
    order = np.argsort(-values[found].astype(np.int16), kind="stable")[:most]
    return np.sort(found[order])


def sketches(words: Padded) -> tuple[Bits, Bits, Bits]:
    """Three sets of up to 64 members a word: its symbols, its pairs of neighbours, its pairs with one between."""
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


def padded_sounds(pronunciations: Sequence[bytes]) -> Padded:
    return _padded(pronunciations, LONGEST_SOUND)


def padded_letters(words: Sequence[str]) -> Padded:
    return _padded(list(map(letters, words)), LONGEST_SPELLING)


def _padded(rows: Sequence[bytes], width: int) -> Padded:
    packed = b"".join(row[:width].ljust(width, b"\0") for row in rows)
    return np.frombuffer(packed, np.uint8).reshape(len(rows), width)


def joined(words: Padded, first: NDArray[np.int32], second: NDArray[np.int32]) -> Padded:
    """The symbols of one word and then of another, as far as the width goes."""
    width = words.shape[1]
    rows = words[first].copy()
    starts = _lengths(rows)
    for at in range(width):
        fits = np.flatnonzero(starts + at < width)
        rows[fits, starts[fits] + at] = words[second[fits], at]
    return rows

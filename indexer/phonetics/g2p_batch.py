"""Grapheme-to-phoneme conversion of thousands of words at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

CONTEXTS: Final = ((0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (3, 4), (4, 4))
"""Numbers of letters before and after a letter that determine its phonemes; each context contains the previous one."""

EDGE: Final = "#" * 4
"""Padding before and after a word, so that its ends are part of the contexts."""

_BATCH: Final = 10_000

_AROUND: Final = tuple(after if after > before else -before for before, after in CONTEXTS)
"""The position of the letter by which each context is longer than the previous one."""

_NUMBERS: Final = np.zeros(256, np.uint32)
_NUMBERS[np.frombuffer(b"abcdefghijklmnopqrstuvwxyz#", np.uint8)] = np.arange(1, 28)
_BASE: Final = 28
"""Letters and padding are digits of this base, anything else is 0; the longest context is below 2^44."""

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Level:
    """Maps contexts of one length to those that are one letter longer, which are in the same order.

    ``next_letters`` has one bit for each letter that extends a context, ``first`` the number of its first extension,
    and ``phonemes`` the number of each extension's phonemes.
    """

    next_letters: NDArray[np.uint32]
    first: Numbers
    phonemes: Numbers


class BatchG2p:
    """Predicts the same as `G2pModel.predict`, about ten times as fast.

    Each context leads to those that are one letter longer. So all letters advance from the shortest context together,
    and each stops when no longer context is known.
    """

    def __init__(self, contexts: Mapping[str, bytes]) -> None:
        phonemes = [b"", *sorted(set(contexts.values()) - {b""})]
        number_of = {sound: number for number, sound in enumerate(phonemes)}
        width = max(map(len, phonemes))
        self._phonemes = np.frombuffer(b"".join(one.ljust(width, b"\0") for one in phonemes), np.uint8)
        self._phonemes = self._phonemes.reshape(len(phonemes), width)
        self._lengths = np.array(list(map(len, phonemes)), np.int64)
        lengths = range(1, len(_AROUND) + 1)
        self._levels = list(_levels([_contexts(contexts, number_of, length) for length in lengths]))

    def predict(self, words: Sequence[str]) -> Iterator[bytes]:
        """The numbers of the phonemes of each word."""
        for start in range(0, len(words), _BATCH):
            yield from self._predict(words[start : start + _BATCH])

    def _predict(self, words: Sequence[str]) -> Iterator[bytes]:
        numbers = self._sounds(_digits(EDGE + EDGE.join(words) + EDGE))
        spoken = self._phonemes[numbers]
        packed = spoken[spoken > 0].tobytes()
        before = np.concatenate([[0], np.cumsum(self._lengths[numbers])])
        edges = np.cumsum([len(EDGE), *(len(word) + len(EDGE) for word in words)])
        cuts = zip(before[edges[:-1]].tolist(), before[edges[1:] - len(EDGE)].tolist(), strict=True)
        return (packed[start:end] for start, end in cuts)

    def _sounds(self, digits: NDArray[np.uint32]) -> Numbers:
        """The number of each letter's phonemes."""
        numbers = np.zeros(len(digits), np.int64)
        at = np.arange(len(EDGE), len(digits) - len(EDGE))
        context = np.zeros(len(at), np.int64)
        for offset, level in zip(_AROUND, self._levels, strict=True):
            letter, letters = digits[at + offset], level.next_letters[context]
            is_known = (letters >> letter) & 1 > 0
            at, context, letter, letters = at[is_known], context[is_known], letter[is_known], letters[is_known]
            context = level.first[context] + np.bitwise_count(letters & ((1 << letter) - 1))
            numbers[at] = level.phonemes[context]
        return numbers


def _digits(text: str) -> NDArray[np.uint32]:
    return _NUMBERS[np.frombuffer(text.encode("ascii", "replace"), np.uint8)]


def _contexts(contexts: Mapping[str, bytes], number_of: Mapping[bytes, int], length: int) -> tuple[Numbers, Numbers]:
    """Contexts of one length as integers, ascending, and the number of each context's phonemes.

    The leading digits of an integer are the context of which it is an extension.
    """
    found = [context for context in contexts if len(context) == length]
    letters = _digits("".join(found)).reshape(len(found), length)
    numbers = np.zeros(len(found), np.int64)
    for offset in _AROUND[:length]:
        numbers = numbers * _BASE + letters[:, (length - 1) // 2 + offset]
    order = np.argsort(numbers)
    return numbers[order], np.array([number_of[contexts[context]] for context in found], np.int64)[order]


def _levels(own: Sequence[tuple[Numbers, Numbers]]) -> Iterator[Level]:
    """The levels, from the shortest context on; a context that exists only as a prefix has the phonemes of its own
    prefix.
    """
    known = [contexts for contexts, _ in own]
    for shorter in reversed(range(len(known) - 1)):
        known[shorter] = np.union1d(known[shorter], known[shorter + 1] // _BASE)
    narrower, says = np.zeros(1, np.int64), np.zeros(1, np.int64)
    for there, (contexts, phonemes) in zip(known, own, strict=True):
        parents = np.searchsorted(narrower, there // _BASE)
        says = says[parents]
        says[np.searchsorted(there, contexts)] = phonemes
        next_letters = np.zeros(len(narrower), np.uint32)
        np.bitwise_or.at(next_letters, parents, np.uint32(1) << (there % _BASE).astype(np.uint32))
        yield Level(next_letters, np.searchsorted(parents, np.arange(len(narrower))), says)
        narrower = there

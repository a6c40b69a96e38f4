"""The lexicon of an index: its words and pairs of neighbouring words, ready for comparison by phonemes and letters."""

import io
import struct
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

from indexer.errors import IndexDamaged
from indexer.phonetics.alphabets import plain
from indexer.phonetics.candidates import Entries, joined, padded_letters, padded_phonemes
from indexer.phonetics.g2p import G2pModel
from indexer.phonetics.word_counts import WordCounter, WordCounts

MOST_WORDS: Final = 200_000
"""Different words that are kept; if there are more, the rarest are dropped."""

MOST_PAIRS: Final = 400_000
"""Different pairs that are kept; if there are more, those of two dictionary words are dropped first."""


class Lexicon:
    """An index's words and pairs with the number of passages that contain them; immutable.

    ``words`` are sorted, ``sounds`` has the first pronunciation of each, shape (words, 20), padded with 0; ``pairs``
    has the numbers of two words per row. Words without an English pronunciation (numbers, other scripts) are left out.
    """

    def __init__(
        self,
        passages: int,
        words: Sequence[str],
        word_passages: NDArray[np.int32],
        sounds: NDArray[np.uint8],
        known: NDArray[np.bool_],
        pairs: NDArray[np.int32],
        pair_passages: NDArray[np.int32],
    ) -> None:
        self.passages = passages
        self.words = words
        self._word_passages = word_passages
        self._sounds = sounds
        self._known = known
        self._pairs = pairs
        self._pair_passages = pair_passages

    @classmethod
    def of(cls, counter: WordCounter, g2p: G2pModel, before: "Lexicon | None" = None) -> "Lexicon":
        """The lexicon of the counted words, added to that of ``before``."""
        found = before._counted + counter.counts() if before else counter.counts()
        pronunciations = g2p.first_pronunciations(list(map(plain, found.words)))
        is_pronounceable = np.fromiter(map(bool, pronunciations), bool, len(pronunciations))
        order = np.argsort(-found.word_passages, kind="stable")
        kept = np.sort(order[is_pronounceable[order]][:MOST_WORDS])
        words = [found.words[number] for number in kept.tolist()]
        known = np.fromiter(map(g2p.knows, words), bool, len(words))
        number_of = np.full(len(found.words), -1)
        number_of[kept] = np.arange(len(kept))
        renumbered = number_of[found.pairs]
        is_kept = (renumbered >= 0).all(axis=1)
        pairs, pair_passages = renumbered[is_kept], found.pair_passages[is_kept]
        is_known = known[pairs[:, 0]] & known[pairs[:, 1]]  # pairs with a word that no dictionary has come first
        rows = np.sort(np.lexsort((-pair_passages, is_known))[:MOST_PAIRS])
        return cls(
            found.passages,
            words,
            found.word_passages[kept].astype(np.int32),
            padded_phonemes([pronunciations[number] for number in kept.tolist()]),
            known,
            pairs[rows].astype(np.int32),
            pair_passages[rows].astype(np.int32),
        )

    @property
    def _counted(self) -> WordCounts:
        arrays = (self._word_passages, self._pairs, self._pair_passages)
        return WordCounts(self.passages, self.words, *(numbers.astype(np.int64) for numbers in arrays))

    def counts(self) -> Counter[str]:
        """The number of passages with each word."""
        return self._counted.of_words()

    def pair_counts(self) -> Counter[tuple[str, str]]:
        return self._counted.of_pairs()

    def pronounced(self) -> dict[str, bytes]:
        """The pronunciation of each word."""
        lengths = np.count_nonzero(self._sounds, axis=1).tolist()
        return {
            word: row[:length].tobytes() for word, row, length in zip(self.words, self._sounds, lengths, strict=True)
        }

    def passages_with(self, *tokens: str) -> int:
        """The number of passages with a word, or with two words next to each other; 0 if the lexicon lacks them."""
        if len(tokens) == 1:
            return self._counts.get(tokens[0], 0)
        first, second = (self._numbers.get(token, -1) for token in tokens)
        at = int(np.searchsorted(self._pair_keys, first * len(self.words) + second))
        is_known = first >= 0 and second >= 0 and at < len(self._pairs) and self._pairs[at].tolist() == [first, second]
        return int(self._pair_passages[at]) if is_known else 0

    @cached_property
    def tokens(self) -> int:
        """The number of tokens in all passages; of a word that occurs several times in one, only one counts."""
        return int(self._word_passages.sum(dtype=np.int64))

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {word: number for number, word in enumerate(self.words)}

    @cached_property
    def _pair_keys(self) -> NDArray[np.int64]:
        first, second = self._pairs.astype(np.int64).T
        return np.asarray(first * len(self.words) + second, np.int64)

    @cached_property
    def _counts(self) -> Mapping[str, int]:
        return self.counts()

    @cached_property
    def single(self) -> Entries:
        """The words as entries for comparison."""
        letters = padded_letters(list(map(plain, self.words)))
        share, counts = self._known.astype(np.float32), self._word_passages.astype(np.float32)
        return Entries(
            np.arange(len(self.words), dtype=np.int32)[:, None],
            self._sounds,
            letters,
            counts,
            counts,
            counts,
            share,
        )

    @cached_property
    def double(self) -> Entries:
        """The pairs, joined, as entries for comparison."""
        first, second = self._pairs.T
        return Entries(
            self._pairs,
            joined(self._sounds, first, second),
            joined(self.single.letters, first, second),
            self._pair_passages.astype(np.float32),
            np.minimum(self._word_passages[first], self._word_passages[second]).astype(np.float32),
            np.maximum(self._word_passages[first], self._word_passages[second]).astype(np.float32),
            (self._known[first].astype(np.float32) + self._known[second]) / 2,
        )

    def to_bytes(self) -> bytes:
        """The lexicon in the format that `from_bytes` reads."""
        return _packed(
            passages=np.array(self.passages),
            words=np.frombuffer(" ".join(self.words).encode(), np.uint8),
            word_passages=self._word_passages,
            sounds=self._sounds,
            known=self._known,
            pairs=self._pairs,
            pair_passages=self._pair_passages,
        )

    @classmethod
    def from_bytes(cls, packed: bytes) -> "Lexicon":
        """Raises `IndexDamaged` for bytes that `to_bytes` did not write."""
        if packed[-_CRC_LENGTH - 2 : -_CRC_LENGTH] == _COMMENT_LENGTH and packed[-_CRC_LENGTH:] != _crc_of(packed):
            raise IndexDamaged("the lexicon of the index is damaged; load your files again")
        try:
            with np.load(io.BytesIO(packed), allow_pickle=False) as parts:
                return cls(
                    int(parts["passages"]),
                    parts["words"].tobytes().decode().split(),
                    *(parts[name] for name in ("word_passages", "sounds", "known", "pairs", "pair_passages")),
                )
        except (*_DAMAGE_ERRORS, BadZipFile, zlib.error, struct.error) as problem:
            raise IndexDamaged("the lexicon of the index is damaged; load your files again") from problem


_DAMAGE_ERRORS: Final = (ValueError, TypeError, KeyError, OSError, EOFError, RuntimeError)
"""Exceptions of numpy for archives with corrupt bytes."""


_CRC_LENGTH: Final = 8
_COMMENT_LENGTH: Final = _CRC_LENGTH.to_bytes(2, "little")
"""The end of an archive is its comment after the length of that; older ones have none, and a length of 0."""


def _crc_of(packed: bytes) -> bytes:
    """The CRC-32 of an archive without its comment, in hexadecimal digits."""
    return f"{zlib.crc32(memoryview(packed)[:-_CRC_LENGTH]):08x}".encode()


def _packed(**arrays: NDArray[Any]) -> bytes:
    """Like `numpy.savez_compressed`, but in a fifth of the time and an eighth larger, because loads wait for it.

    The comment of the archive is the checksum of all that is before it.
    """
    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=1) as members:
        members.comment = bytes(_CRC_LENGTH)
        for name, array in arrays.items():
            with members.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    packed = file.getvalue()
    return packed[:-_CRC_LENGTH] + _crc_of(packed)

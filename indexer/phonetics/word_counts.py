"""Word counts: in how many transcripts each word and each pair of neighbouring words occurs, in bounded memory."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, count
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hearsay.text.normalize import tokens
from indexer.documents import transcript_text
from indexer.passages import Passage

LONGEST_PAIR: Final = 18
"""Letters of the longest pair that can be an expansion of a word."""

_MOST_WORDS: Final = 300_000
_MOST_PAIRS: Final = 600_000
"""Words and pairs held at a time, which take about 50 MB. Beyond that, the rarest are dropped with their pairs, and are
counted from zero if they occur again (lossy counting, Manku & Motwani 2002)."""

_TOGETHER: Final = 1024
"""Transcripts that are counted at once."""

_WAITING: Final = 300_000
"""Occurrences of pairs that are collected before they are added to the counts."""

_TRANSCRIPT_BITS: Final = 10
_WORD_BITS: Final = 26
"""Bits of an integer that packs the first word, the second word and the transcript."""

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WordCounts:
    """The number of ``passages``, and of the passages that contain each word and each pair.

    ``words`` are sorted. ``pairs`` has the numbers of two words per row, shape (pairs, 2), sorted.
    """

    passages: int
    words: Sequence[str]
    word_passages: Numbers
    pairs: Numbers
    pair_passages: Numbers

    def of_words(self) -> Counter[str]:
        return Counter(dict(zip(self.words, self.word_passages.tolist(), strict=True)))

    def of_pairs(self) -> Counter[tuple[str, str]]:
        pairs = ((self.words[first], self.words[second]) for first, second in self.pairs.tolist())
        return Counter(dict(zip(pairs, self.pair_passages.tolist(), strict=True)))

    def __add__(self, other: "WordCounts") -> "WordCounts":
        words = sorted({*self.words, *other.words})
        number_of = {word: number for number, word in enumerate(words)}
        ours, theirs = (np.array([number_of[word] for word in one.words], np.int64) for one in (self, other))
        passages = np.zeros(len(words), np.int64)
        passages[ours] += self.word_passages
        passages[theirs] += other.word_passages
        keys, pair_passages = _added(
            (_keys(ours[self.pairs]), self.pair_passages), (_keys(theirs[other.pairs]), other.pair_passages)
        )
        return WordCounts(self.passages + other.passages, words, passages, _pairs(keys), pair_passages)


class WordCounter:
    """Counts in how many transcripts each word and each pair of neighbouring words occurs, in bounded memory.

    As long as there are few different ones, the counts are exact. Once some have been dropped, a count is a lower
    bound: it is too low by at most the largest count that was dropped.
    """

    def __init__(self) -> None:
        self.passages = 0
        self._transcripts: list[str] = []
        self._number_of = defaultdict[str, int](count().__next__)
        self._words = np.zeros(0, np.int64)  # number of transcripts with each word, by the word's number
        self._pairs = _nothing(), _nothing()
        self._pending_pairs: list[Numbers] = []

    def add(self, transcript: str) -> None:
        """Count one transcript: its tokens, separated by single spaces."""
        self.passages += 1
        self._transcripts.append(transcript)
        if len(self._transcripts) == _TOGETHER:
            self._count()

    def counts(self) -> WordCounts:
        """The counts so far."""
        self._count()
        self._merge_pairs()
        words = sorted(self._number_of)
        numbers = np.array([self._number_of[word] for word in words], np.int64)
        sorted_number = np.argsort(numbers)
        keys, pair_passages = self._pairs
        pairs = sorted_number[_pairs(keys)].astype(np.int64)
        order = np.argsort(_keys(pairs))
        return WordCounts(self.passages, words, self._words[numbers], pairs[order], pair_passages[order])

    def _count(self) -> None:
        """Count the transcripts that were added since the last call."""
        words = " ".join(self._transcripts).split()  # one call for all of them is twice as fast
        numbers = np.fromiter(map(self._number_of.__getitem__, words), np.int64, len(words))
        lengths = [text.count(" ") + 1 if text else 0 for text in self._transcripts]
        transcripts = np.repeat(np.arange(len(lengths)), lengths)
        letters = np.fromiter(map(len, words), np.int64, len(words))
        is_pair = (transcripts[1:] == transcripts[:-1]) & (letters[1:] + letters[:-1] <= LONGEST_PAIR)
        pairs = _keys(np.stack([numbers[:-1], numbers[1:]], axis=1)[is_pair])
        self._pending_pairs.append(_once_each(pairs, transcripts[1:][is_pair]))
        seen = np.bincount(_once_each(numbers, transcripts), minlength=len(self._number_of))
        seen[: len(self._words)] += self._words
        self._words = seen
        self._transcripts = []
        if sum(map(len, self._pending_pairs)) > _WAITING or len(self._words) > _MOST_WORDS:
            self._merge_pairs()
        if len(self._words) > _MOST_WORDS:
            self._forget_words()

    def _merge_pairs(self) -> None:
        self._pairs = _added(
            self._pairs, np.unique(np.concatenate([*self._pending_pairs, _nothing()]), return_counts=True)
        )
        self._pending_pairs = []
        keys, passages = self._pairs
        if len(keys) > _MOST_PAIRS:
            stays = passages > _cutoff(passages, _MOST_PAIRS // 2)
            self._pairs = keys[stays], passages[stays]

    def _forget_words(self) -> None:
        stays = self._words > _cutoff(self._words, _MOST_WORDS // 2)
        kept = compress(list(self._number_of), stays.tolist())
        self._words = self._words[stays]
        self._number_of = defaultdict(count(len(self._words)).__next__, {word: at for at, word in enumerate(kept)})
        keys, passages = self._pairs
        pairs = np.where(stays, np.cumsum(stays) - 1, -1)[_pairs(keys)]
        both_stay = (pairs >= 0).all(axis=1)
        self._pairs = _keys(pairs[both_stay]), passages[both_stay]


def count_words(passages: Iterable[Passage]) -> WordCounter:
    """Count the passages' transcripts."""
    counter = WordCounter()
    for passage in passages:
        counter.add(" ".join(tokens(passage.row.generated_text)))
    return counter


def counted_documents(documents: Iterable[dict[str, Any]], counter: WordCounter) -> Iterator[dict[str, Any]]:
    """The same documents, each counted when it is taken."""
    for document in documents:
        counter.add(transcript_text(document))
        yield document


def _nothing() -> Numbers:
    return np.zeros(0, np.int64)


def _keys(pairs: Numbers) -> Numbers:
    """One integer per pair, in the same order as the pairs."""
    return pairs[:, 0] << _WORD_BITS | pairs[:, 1]


def _pairs(keys: Numbers) -> Numbers:
    return np.stack([keys >> _WORD_BITS, keys & ((1 << _WORD_BITS) - 1)], axis=1)


def _once_each(numbers: Numbers, transcripts: Numbers) -> Numbers:
    """The numbers, sorted, each as often as there are transcripts that contain it."""
    together = np.sort(numbers << _TRANSCRIPT_BITS | transcripts)
    return together[np.diff(together, prepend=-1) > 0] >> _TRANSCRIPT_BITS  # np.unique takes five times as long


def _added(some: tuple[Numbers, Numbers], more: tuple[Numbers, Numbers]) -> tuple[Numbers, Numbers]:
    """The sums of two sets of counts by key, both with ascending keys."""
    keys, counts = some
    place = np.searchsorted(keys, more[0])
    is_there = np.append(keys, -1)[place] == more[0]
    summed = counts.copy()
    summed[place[is_there]] += more[1][is_there]
    new = place[~is_there]
    return np.insert(keys, new, more[0][~is_there]), np.insert(summed, new, more[1][~is_there])


def _cutoff(counts: Numbers, most: int) -> int:
    """The largest count to drop, so that at most ``most`` remain; equal counts are dropped together."""
    return int(np.sort(counts)[len(counts) - most - 1])

"""The tally: in how many transcripts each word and each pair of neighbours stands, counted in bounded memory."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, count
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hearsay.text.normalize import tokens
from indexer.documents import heard_text
from indexer.passages import Passage

LONGEST_PAIR: Final = 18
"""Letters of a pair that may stand for one word."""

_MOST_WORDS: Final = 300_000
_MOST_PAIRS: Final = 600_000
"""Words and pairs that are counted at a time, and take some 50 MB together. When there are more, those that were met
least are forgotten (Manku & Motwani 2002), and counted anew where they are met again; a word's pairs go with it."""

_TOGETHER: Final = 1024
"""Transcripts that are counted at once."""

_WAITING: Final = 300_000
"""Sights of pairs that are added to the others at once."""

_TRANSCRIPT_BITS: Final = 10
_WORD_BITS: Final = 26
"""Of a number that says first word, second word and transcript."""

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Counts:
    """Of so many ``passages``: the ``words``, sorted, each with the number of passages that have it, and the pairs.

    ``pairs`` has the numbers of two words a row, shape (pairs, 2), sorted.
    """

    passages: int
    words: Sequence[str]
    word_passages: Numbers
    pairs: Numbers
    pair_passages: Numbers

    def of_words(self) -> Counter[str]:
        return Counter(dict(zip(self.words, self.word_passages.tolist(), strict=True)))

    def of_pairs(self) -> Counter[tuple[str, str]]:
        said = ((self.words[first], self.words[second]) for first, second in self.pairs.tolist())
        return Counter(dict(zip(said, self.pair_passages.tolist(), strict=True)))

    def __add__(self, other: "Counts") -> "Counts":
        words = sorted({*self.words, *other.words})
        number_of = {word: number for number, word in enumerate(words)}
        ours, theirs = (np.array([number_of[word] for word in one.words], np.int64) for one in (self, other))
        passages = np.zeros(len(words), np.int64)
        passages[ours] += self.word_passages
        passages[theirs] += other.word_passages
        keys, pair_passages = _added(
            (_keys(ours[self.pairs]), self.pair_passages), (_keys(theirs[other.pairs]), other.pair_passages)
        )
        return Counts(self.passages + other.passages, words, passages, _pairs(keys), pair_passages)


class Tally:
    """Counts in how many transcripts each word and each pair of neighbours stands, in bounded memory.

    While there are few different ones every count is exact. Once some were forgotten a count is the least that it can
    be: it lacks at most as many transcripts as the most frequent that was forgotten had.
    """

    def __init__(self) -> None:
        self.passages = 0
        self._heard: list[str] = []
        self._number_of = defaultdict[str, int](count().__next__)
        self._words = np.zeros(0, np.int64)  # how many transcripts have each, by its number
        self._pairs = _nothing(), _nothing()
        self._sights: list[Numbers] = []

    def add(self, heard: str) -> None:
        """One transcript, as its tokens with single spaces between them."""
        self.passages += 1
        self._heard.append(heard)
        if len(self._heard) == _TOGETHER:
            self._count()

    def counts(self) -> Counts:
        """What was counted so far."""
        self._count()
        self._add_sights()
        words = sorted(self._number_of)
        numbers = np.array([self._number_of[word] for word in words], np.int64)
        sorted_number = np.argsort(numbers)
        keys, pair_passages = self._pairs
        pairs = sorted_number[_pairs(keys)].astype(np.int64)
        order = np.argsort(_keys(pairs))
        return Counts(self.passages, words, self._words[numbers], pairs[order], pair_passages[order])

    def _count(self) -> None:
        """Count the transcripts that came since the last time."""
        said = " ".join(self._heard).split()  # once for all: a call for each takes twice as long
        heard = np.fromiter(map(self._number_of.__getitem__, said), np.int64, len(said))
        lengths = [text.count(" ") + 1 if text else 0 for text in self._heard]
        transcripts = np.repeat(np.arange(len(lengths)), lengths)
        letters = np.fromiter(map(len, said), np.int64, len(said))
        is_pair = (transcripts[1:] == transcripts[:-1]) & (letters[1:] + letters[:-1] <= LONGEST_PAIR)
        pairs = _keys(np.stack([heard[:-1], heard[1:]], axis=1)[is_pair])
        self._sights.append(_once_each(pairs, transcripts[1:][is_pair]))
        seen = np.bincount(_once_each(heard, transcripts), minlength=len(self._number_of))
        seen[: len(self._words)] += self._words
        self._words = seen
        self._heard = []
        if sum(map(len, self._sights)) > _WAITING or len(self._words) > _MOST_WORDS:
            self._add_sights()
        if len(self._words) > _MOST_WORDS:
            self._forget_words()

    def _add_sights(self) -> None:
        self._pairs = _added(self._pairs, np.unique(np.concatenate([*self._sights, _nothing()]), return_counts=True))
        self._sights = []
        keys, passages = self._pairs
        if len(keys) > _MOST_PAIRS:
            stays = passages > _enough(passages, _MOST_PAIRS // 2)
            self._pairs = keys[stays], passages[stays]

    def _forget_words(self) -> None:
        stays = self._words > _enough(self._words, _MOST_WORDS // 2)
        kept = compress(list(self._number_of), stays.tolist())
        self._words = self._words[stays]
        self._number_of = defaultdict(count(len(self._words)).__next__, {word: at for at, word in enumerate(kept)})
        keys, passages = self._pairs
        pairs = np.where(stays, np.cumsum(stays) - 1, -1)[_pairs(keys)]
        both_stay = (pairs >= 0).all(axis=1)
        self._pairs = _keys(pairs[both_stay]), passages[both_stay]


def heard_in(passages: Iterable[Passage]) -> Tally:
    """The counts of the passages' transcripts."""
    tally = Tally()
    for passage in passages:
        tally.add(" ".join(tokens(passage.row.generated_text)))
    return tally


def tallied(documents: Iterable[dict[str, Any]], tally: Tally) -> Iterator[dict[str, Any]]:
    """The documents, counted as they go by."""
    for document in documents:
        tally.add(heard_text(document))
        yield document


def _nothing() -> Numbers:
    return np.zeros(0, np.int64)


def _keys(pairs: Numbers) -> Numbers:
    """A number for each pair, in the pairs' own order."""
    return pairs[:, 0] << _WORD_BITS | pairs[:, 1]


def _pairs(keys: Numbers) -> Numbers:
    return np.stack([keys >> _WORD_BITS, keys & ((1 << _WORD_BITS) - 1)], axis=1)


def _once_each(said: Numbers, transcripts: Numbers) -> Numbers:
    """What was said, sorted, as often as there are transcripts that have it."""
    together = np.sort(said << _TRANSCRIPT_BITS | transcripts)
    return together[np.diff(together, prepend=-1) > 0] >> _TRANSCRIPT_BITS  # np.unique takes five times as long


def _added(some: tuple[Numbers, Numbers], more: tuple[Numbers, Numbers]) -> tuple[Numbers, Numbers]:
    """Rising keys and their counts, those of both summed."""
    keys, counts = some
    place = np.searchsorted(keys, more[0])
    is_there = np.append(keys, -1)[place] == more[0]
    summed = counts.copy()
    summed[place[is_there]] += more[1][is_there]
    new = place[~is_there]
    return np.insert(keys, new, more[0][~is_there]), np.insert(summed, new, more[1][~is_there])


def _enough(counts: Numbers, most: int) -> int:
    """What those have at most that are to be forgotten, so that at most ``most`` stay; equals go together."""
    return int(np.sort(counts)[len(counts) - most - 1])

"""The lexicon of an index: its own words and neighbouring pairs of words, ready to be compared by letter and sound."""

import io
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice, pairwise
from sys import intern
from typing import Any, Final, TypeVar
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from clips.normalise import tokens
from indexer.documents import heard_tokens
from indexer.errors import IndexIncompatible
from indexer.passages import Passage
from indexer.sounds.alphabets import plain
from indexer.sounds.entries import Entries, joined, padded_letters, padded_sounds
from indexer.sounds.spelling import Spelling

Counted = TypeVar("Counted")

MOST_WORDS: Final = 200_000
"""Different words that are kept; of more, the rarest are left out."""

MOST_PAIRS: Final = 400_000
"""Different pairs of neighbouring words that are kept; of more, those first without a word that is in no dictionary."""

LONGEST_PAIR: Final = 18
"""Letters of a pair that may stand for one word."""

_MOST_COUNTED_WORDS: Final = 300_000
_MOST_COUNTED_PAIRS: Final = 600_000
"""Words and pairs that are counted at a time, and take some 110 MB together. When there are more, those that were met
least are forgotten (Manku & Motwani 2002), and counted anew where they are met again."""


class Tally:
    """Counts in how many transcripts each word and each pair of neighbours stands, in bounded memory.

    While there are few different ones every count is exact. Once some were forgotten a count is the least that it can
    be: it lacks at most as many transcripts as the most frequent that was forgotten had.
    """

    def __init__(self) -> None:
        self.passages = 0
        self.words: Counter[str] = Counter()
        self.pairs: Counter[tuple[str, str]] = Counter()

    def add(self, heard: Sequence[str]) -> None:
        """One transcript, as tokens."""
        self.passages += 1
        heard = list(map(intern, heard))  # a word is one object in all the pairs that it is in
        self.words.update(set(heard))
        self.pairs.update({pair for pair in pairwise(heard) if len(pair[0]) + len(pair[1]) <= LONGEST_PAIR})
        if len(self.words) > _MOST_COUNTED_WORDS:
            _forget_rarest(self.words, _MOST_COUNTED_WORDS // 2)
        if len(self.pairs) > _MOST_COUNTED_PAIRS:
            _forget_rarest(self.pairs, _MOST_COUNTED_PAIRS // 2)


def _forget_rarest(counts: Counter[Counted], most: int) -> None:
    """Leave the most frequent, at most so many, and of those that are equally frequent all or none."""
    there = len(counts)
    for count, number in sorted(Counter(counts.values()).items()):
        if there <= most:
            break
        there, enough = there - number, count
    for rare in [counted for counted, count in counts.items() if count <= enough]:
        del counts[rare]


def heard_in(passages: Iterable[Passage]) -> Tally:
    """The counts of the passages' transcripts."""
    tally = Tally()
    for passage in passages:
        tally.add(tokens(passage.row.generated_text))
    return tally


def tallied(documents: Iterable[dict[str, Any]], tally: Tally) -> Iterator[dict[str, Any]]:
    """The documents, counted as they go by."""
    for document in documents:
        tally.add(heard_tokens(document))
        yield document


class Lexicon:
    """An index's words and pairs with the number of passages that have them; unchanging.

    ``words`` are sorted, ``sounds`` the first pronunciation of each, shape (words, 20) padded with 0; ``pairs`` has two
    word numbers a row. Words that say nothing in English (numbers, other scripts) are not in it.
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
    def of(cls, tally: Tally, spelling: Spelling, before: "Lexicon | None" = None) -> "Lexicon":
        """The lexicon of what was counted, upon that of ``before``; only words that are new are read aloud."""
        words = before.counts() + tally.words if before else tally.words
        said = _most_frequent_said(words, before.pronounced() if before else {}, spelling)
        kept = sorted(said)
        numbers = {word: number for number, word in enumerate(kept)}
        known = np.array([spelling.knows(word) for word in kept], bool)
        pairs = before.pair_counts() + tally.pairs if before else tally.pairs
        rows = _pairs(pairs, numbers, known)
        return cls(
            tally.passages + (before.passages if before else 0),
            kept,
            np.array([words[word] for word in kept], np.int32),
            padded_sounds([said[word] for word in kept]),
            known,
            np.array([(numbers[first], numbers[second]) for first, second in rows], np.int32).reshape(-1, 2),
            np.array([pairs[pair] for pair in rows], np.int32),
        )

    def counts(self) -> Counter[str]:
        """How many passages have each word."""
        return Counter(dict(zip(self.words, self._word_passages.tolist(), strict=True)))

    def pair_counts(self) -> Counter[tuple[str, str]]:
        words = self.words
        numbers = zip(self._pairs.tolist(), self._pair_passages.tolist(), strict=True)
        return Counter({(words[first], words[second]): count for (first, second), count in numbers})

    def pronounced(self) -> dict[str, bytes]:
        """What each word sounds like."""
        lengths = np.count_nonzero(self._sounds, axis=1).tolist()
        return {
            word: row[:length].tobytes() for word, row, length in zip(self.words, self._sounds, lengths, strict=True)
        }

    def passages_with(self, word: str) -> int:
        """How many passages have a word; 0 for one that is not in the lexicon."""
        return self._counts.get(word, 0)

    @cached_property
    def _counts(self) -> Mapping[str, int]:
        return self.counts()

    @cached_property
    def single(self) -> Entries:
        """The words as entries to compare with."""
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
        """The pairs, joined, as entries to compare with."""
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
        """All of it, as `from_bytes` takes it."""
        file = io.BytesIO()
        np.savez_compressed(
            file,
            passages=np.array(self.passages),
            words=np.frombuffer(" ".join(self.words).encode(), np.uint8),
            word_passages=self._word_passages,
            sounds=self._sounds,
            known=self._known,
            pairs=self._pairs,
            pair_passages=self._pair_passages,
        )
        return file.getvalue()

    @classmethod
    def from_bytes(cls, packed: bytes) -> "Lexicon":
        """Raises `IndexIncompatible` for what `to_bytes` did not make."""
        try:
            with np.load(io.BytesIO(packed), allow_pickle=False) as parts:
                return cls(
                    int(parts["passages"]),
                    parts["words"].tobytes().decode().split(),
                    *(parts[name] for name in ("word_passages", "sounds", "known", "pairs", "pair_passages")),
                )
        except (ValueError, TypeError, KeyError, OSError, EOFError, BadZipFile, zlib.error) as problem:
            raise IndexIncompatible("the words of the index are damaged; load your files again") from problem


def _most_frequent_said(counts: Mapping[str, int], known: Mapping[str, bytes], spelling: Spelling) -> dict[str, bytes]:
    """What the most frequent of the words that can be said sound like; those that are ``known`` are not read again."""
    by_count = sorted(counts, key=lambda word: (-counts[word], word))
    said = ((word, known.get(word) or _spoken(word, spelling)) for word in by_count)
    return dict(islice(((word, sound) for word, sound in said if sound), MOST_WORDS))


def _spoken(word: str, spelling: Spelling) -> bytes:
    return next(iter(spelling.pronunciations(plain(word))), b"")


def _pairs(
    counts: Mapping[tuple[str, str], int], numbers: Mapping[str, int], known: NDArray[np.bool_]
) -> list[tuple[str, str]]:
    """The pairs to keep, sorted: all while there are few, else those first that hold a word nobody knows."""
    there = [pair for pair in counts if pair[0] in numbers and pair[1] in numbers]
    if len(there) > MOST_PAIRS:
        there.sort(key=lambda pair: (bool(known[numbers[pair[0]]] and known[numbers[pair[1]]]), -counts[pair], pair))
    return sorted(there[:MOST_PAIRS])

"""Expansion of query words: the words and pairs of an index that may be misrecognitions of them, with probabilities."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.errors import WrongRequest
from indexer.phonetics.alphabets import has_digit, letters, plain
from indexer.phonetics.candidates import MOST_LETTERS, MOST_PHONEMES, Entries
from indexer.phonetics.edit_distance import distances
from indexer.phonetics.g2p import G2pModel
from indexer.phonetics.lexicon import Lexicon
from indexer.phonetics.tables import Tables

NEAREST: Final = 300
"""Number of words, and of pairs, among which expansions are chosen."""

NEAREST_TO_TRAIN: Final = 70
"""The same in training, where the others would only be further examples of words that are not confused."""

FARTHEST: Final = 3.0
"""Cost per phoneme, and per letter, beyond which candidates are dropped. It matters for short words, which are far from
anything long; the regression is trained on words of at least four letters and does not cover them."""

MEASURED_WORDS: Final = 1000
MEASURED_PAIRS: Final = 400
"""Number of entries whose edit distance is computed; see `indexer.phonetics.candidates.Entries.shortlist`."""

FEATURES: Final = (
    "phoneme cost of the whole, per phoneme of the query word",
    "phoneme cost of the best-matching substring",
    "difference of these two",
    "letter cost of the whole, per letter",
    "letter cost of the best-matching substring",
    "the first, at most 0.3",
    "the second, at most 0.2",
    "the fourth, at most 0.3",
    "the fifth, at most 0.2",
    "phoneme cost times letter cost",
    "phoneme cost times phonemes",
    "letter cost times phonemes",
    "logarithm of the number of passages with the candidate",
    "share of the candidate that the dictionary knows",
    "whether the dictionary knows all of the candidate",
    "phoneme cost if it does",
    "logarithm of the number of passages if it does",
    "difference in length, per phoneme of the query word",
    "same first phoneme",
    "same last phoneme",
    "phonemes of the query word",
    "whether the dictionary knows the query word",
    "logarithm of the number of passages with the rarer member",
    "logarithm of the number of passages with the more frequent member",
    "whether the index has the query word",
    "the first, squared",
    "the fourth, squared",
    "the first, as exp(-4 x)",
    "the fourth, as exp(-4 x)",
    "one",
)
"""Features of the regression. It matters as much as the distance whether a candidate is an English word and how
frequent it is: a word that is recognised often is rarely a misrecognition of another one."""

_LETTER_SHARE: Final = 0.7
_LOCAL_MATCH_COST: Final = 0.05
"""Weights of the distance by which candidates are chosen: of letters relative to phonemes, and the cost of a substring
match."""


MISSPELT: Final = 0.8
"""Probability of a word that differs in one letter from a query word that neither the dictionary nor the index has: the
query word is probably misspelt."""

AS_ONE: Final = 0.8
"""Probability of “someone” for the query words “some one”: they have the same pronunciation, so both are likely."""


@dataclass(frozen=True, slots=True)
class Expansion:
    """One or two neighbouring ``tokens`` of the index, and the probability that the query word was said there.

    ``is_spelling`` says that they are what the query means, spelled otherwise: a word that is probably misspelt in the
    query, or two query words written as one.
    """

    tokens: tuple[str, ...]
    probability: float
    is_spelling: bool = False


@dataclass(frozen=True, slots=True)
class Candidates:
    """The nearest entries to a word: their rows, and their `FEATURES`, shape (candidates, features)."""

    rows: NDArray[np.intp]
    features: NDArray[np.float64]


class Expander:
    """Finds expansions in one lexicon; raises `WrongRequest` for tables of another version."""

    def __init__(self, lexicon: Lexicon, tables: Tables, g2p: G2pModel) -> None:
        if tables.weights.shape != (2, len(FEATURES)):
            raise WrongRequest(
                f"the phonetic tables learned from {tables.source} belong to another version of Hearsay; "
                "learn them again with: indexer learn"
            )
        self.lexicon = lexicon
        self._tables = tables
        self._g2p = g2p
        self._alone = lru_cache(maxsize=10_000)(self._expansions)

    def expansions(self, word: str, as_one: tuple[str, ...] = ()) -> tuple[Expansion, ...]:
        """The expansions of a word in order of decreasing probability; none for a word with a digit or without a
        pronunciation.

        ``as_one`` are the words formed of this one and its neighbours in the query; those that the index has are
        expansions of both.
        """
        if has_digit(word):
            return ()
        known = [one for one in dict.fromkeys(as_one) if self.lexicon.passages_with(one)]
        whole = tuple(Expansion((one,), AS_ONE, is_spelling=True) for one in known)
        if not whole:
            return self._alone(word)
        others = (expansion for expansion in self._alone(word) if expansion.tokens not in {one.tokens for one in whole})
        return _by_probability((*whole, *others))

    def rate(self, word: str) -> float:
        """The share of passages that contain a word; at least 1 / the number of passages that the tables were learned
        from.
        """
        least = 1 / self._tables.passages
        return max(self.lexicon.passages_with(word) / max(1, self.lexicon.passages), least)

    def floor(self, word: str) -> float:
        """The probability below which evidence for a word is worth nothing: that of a passage without any evidence.

        This would be the share of words that leave no evidence times `rate`. The root of the rate is used instead,
        because otherwise a rare word would outweigh all other words of the query.
        """
        return self._tables.unseen * math.sqrt(self.rate(word))

    def _expansions(self, word: str) -> tuple[Expansion, ...]:
        """The candidates with their probabilities, without the word itself."""
        found: list[Expansion] = []
        is_misspelt = not self._g2p.knows(plain(word)) and not self.lexicon.passages_with(word)
        for entries, weights in zip((self.lexicon.single, self.lexicon.double), self._tables.weights, strict=True):
            candidates = self.candidates(word, entries)
            odds = np.exp(-(candidates.features @ weights))
            for row, odd in zip(candidates.rows, odds.tolist(), strict=True):
                tokens = tuple(self.lexicon.words[number] for number in entries.members[row])
                if word not in tokens:
                    is_spelling = is_misspelt and _one_letter_apart(word, "".join(tokens))
                    least = MISSPELT if is_spelling else 0.0
                    found.append(Expansion(tokens, max(least, 1 / (1 + odd)), is_spelling))
        return _by_probability(found)

    def candidates(self, word: str, entries: Entries, most: int = NEAREST) -> Candidates:
        """The ``most`` nearest entries by phonemes and letters together, without those beyond `FARTHEST`."""
        pronunciations = [np.frombuffer(one[:MOST_PHONEMES], np.uint8) for one in self._g2p.pronunciations(plain(word))]
        if not pronunciations or not len(entries):
            return Candidates(np.empty(0, np.intp), np.empty((0, len(FEATURES))))
        spelled = np.frombuffer(letters(plain(word))[:MOST_LETTERS], np.uint8)
        is_single = entries is self.lexicon.single
        measured, length_weight = (MEASURED_WORDS, 1) if is_single else (MEASURED_PAIRS, 0)
        rows = entries.shortlist(pronunciations[0], spelled, measured, length_weight)
        phoneme_costs = _nearest(pronunciations, entries, rows, self._tables)
        letter_costs = np.stack(
            distances(spelled, entries.letters[rows], entries.letter_lengths[rows], self._tables.letters)
        ) / len(spelled)
        apart = _combined(phoneme_costs) + _LETTER_SHARE * _combined(letter_costs)
        best = np.sort(np.argsort(apart, kind="stable")[:most])
        best = best[np.maximum(phoneme_costs[0, best], letter_costs[0, best]) < FARTHEST]
        features = self._features(
            word, pronunciations[0], entries, rows[best], phoneme_costs[:, best], letter_costs[:, best]
        )
        return Candidates(rows[best], features)

    def _features(
        self,
        word: str,
        pronunciation: NDArray[np.uint8],
        entries: Entries,
        rows: NDArray[np.intp],
        phoneme_costs: NDArray[np.float64],
        letter_costs: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        (sound, sound_inside), (letter, letter_inside) = phoneme_costs, letter_costs
        length = len(pronunciation)
        lengths = entries.phoneme_lengths[rows]
        phonemes = entries.phonemes[rows]
        frequency, rarer, commoner = (
            self._frequency(counts[rows]) for counts in (entries.passages, entries.rarer, entries.commoner)
        )
        is_known = entries.known[rows] == 1
        columns = (
            sound,
            sound_inside,
            sound - sound_inside,
            letter,
            letter_inside,
            np.minimum(sound, 0.3),
            np.minimum(sound_inside, 0.2),
            np.minimum(letter, 0.3),
            np.minimum(letter_inside, 0.2),
            sound * letter,
            sound * length,
            letter * length,
            frequency,
            entries.known[rows],
            is_known,
            sound * is_known,
            frequency * is_known,
            np.abs(lengths - length) / length,
            phonemes[:, 0] == pronunciation[0],
            phonemes[np.arange(len(rows)), lengths - 1] == pronunciation[-1],
            length,
            self._g2p.knows(plain(word)),
            rarer,
            commoner,
            self.lexicon.passages_with(word) > 0,
            sound**2,
            letter**2,
            np.exp(-4 * sound),
            np.exp(-4 * letter),
            1,
        )
        return np.stack([np.broadcast_to(np.asarray(column, float), len(rows)) for column in columns], axis=1)

    def _frequency(self, passages: NDArray[np.float32]) -> NDArray[np.float64]:
        """Logarithms of the number of passages, scaled to the number that the tables were learned from."""
        scale = max(1.0, self.lexicon.passages / self._tables.passages)
        return np.asarray(np.log(np.maximum(1.0, passages / scale)), np.float64)


def _by_probability(expansions: Iterable[Expansion]) -> tuple[Expansion, ...]:
    return tuple(sorted(expansions, key=lambda expansion: (-expansion.probability, expansion.tokens)))


def _one_letter_apart(one: str, other: str) -> bool:
    """Whether the words differ by one substitution, deletion, insertion or swap of neighbours (Damerau 1964)."""
    start = _common_prefix(one, other)
    end = _common_prefix(one[start:][::-1], other[start:][::-1])
    wrong, right = one[start : len(one) - end], other[start : len(other) - end]
    return max(len(wrong), len(right)) == 1 or (len(wrong) == 2 and wrong == right[::-1])


def _common_prefix(one: str, other: str) -> int:
    """The length of the common prefix."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _nearest(
    pronunciations: Sequence[NDArray[np.uint8]], entries: Entries, rows: NDArray[np.intp], tables: Tables
) -> NDArray[np.float64]:
    """Costs per phoneme of the whole and of the best substring, shape (2, rows); the least over all pronunciations."""
    phonemes, lengths = entries.phonemes[rows], entries.phoneme_lengths[rows]
    costs = [np.stack(distances(one, phonemes, lengths, tables.phonemes)) / len(one) for one in pronunciations]
    return np.asarray(np.min(costs, axis=0), np.float64)


def _combined(costs: NDArray[np.float64]) -> NDArray[np.float64]:
    whole, inside = costs
    return np.asarray(np.minimum(whole, inside + _LOCAL_MATCH_COST), np.float64)

"""Expansion of a query word: the words and pairs of an index that may stand for it, with their probabilities."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.errors import WrongRequest
from indexer.phonetics.alphabets import letters, plain
from indexer.phonetics.candidates import LONGEST_SOUND, LONGEST_SPELLING, Entries
from indexer.phonetics.edit_distance import distances
from indexer.phonetics.g2p import Spelling
from indexer.phonetics.lexicon import Lexicon
from indexer.phonetics.tables import Tables

NEAREST: Final = 70
"""Words, and pairs as many, that an expansion is chosen from."""

FARTHEST: Final = 3.0
"""Cost per phoneme, and per letter, beyond which nothing is alike: of short words all that is long is farther, and the
regression, which is learned from words of four letters and more, knows nothing of that."""

MEASURED_WORDS: Final = 1000
MEASURED_PAIRS: Final = 400
"""How many entries are measured exactly; see `indexer.phonetics.candidates.Entries.likest`."""

FEATURES: Final = (
    "phoneme cost of the whole, per phoneme said",
    "phoneme cost of the stretch that fits best",
    "difference of these two",
    "letter cost of the whole, per letter",
    "letter cost of the stretch that fits best",
    "the first, at most .3",
    "the second, at most .2",
    "the fourth, at most .3",
    "the fifth, at most .2",
    "phoneme cost times letter cost",
    "phoneme cost times phonemes",
    "letter cost times phonemes",
    "logarithm of the passages that have the candidate",
    "share of it that the dictionary knows",
    "whether the dictionary knows all of it",
    "phoneme cost where it does",
    "logarithm of passages where it does",
    "difference in length, per phoneme said",
    "same first phoneme",
    "same last phoneme",
    "phonemes said",
    "whether the dictionary knows the word asked for",
    "logarithm of the passages that have its rarer member",
    "logarithm of the passages that have its more frequent member",
    "whether the index has the word asked for",
    "the first, squared",
    "the fourth, squared",
    "the first, as exp(-4 x)",
    "the fourth, as exp(-4 x)",
    "one",
)
"""What the regression looks at. That a candidate is no word of English, or rare, tells as much as how near it sounds: a
word that is heard often was rarely meant to be another."""

_LETTER_SHARE: Final = 0.7
_STRETCH_CHARGE: Final = 0.05
"""Of the distance by which candidates are chosen: letters count .7 beside sounds, a stretch inside .05 more."""


MISSPELT: Final = 0.8
"""Probability of a word that is one letter away from what was asked for, where neither dictionary nor index have that:
who typed it has likely misspelt it."""

AS_ONE: Final = 0.8
"""Probability of “someone” where “some one” was asked for: they sound the same, and either may have been meant."""


@dataclass(frozen=True, slots=True)
class Expansion:
    """One or two neighbouring ``tokens`` of the index, and the probability that who said them meant the word."""

    tokens: tuple[str, ...]
    probability: float


@dataclass(frozen=True, slots=True)
class Candidates:
    """The nearest entries to a word: their numbers, and `FEATURES` of each, shape (candidates, features)."""

    rows: NDArray[np.intp]
    features: NDArray[np.float64]


class Expander:
    """Expands words among those and the pairs of one lexicon; `WrongRequest` for tables that do not fit."""

    def __init__(self, lexicon: Lexicon, tables: Tables, spelling: Spelling) -> None:
        if tables.weights.shape != (2, len(FEATURES)):
            raise WrongRequest(
                f"the sound tables learned from {tables.source} are of another version of Hearsay; "
                "learn them again with: indexer learn"
            )
        self.lexicon = lexicon
        self._tables = tables
        self._spelling = spelling
        self._alone = lru_cache(maxsize=10_000)(self._expansions)

    def expansions(self, word: str, as_one: tuple[str, ...] = ()) -> tuple[Expansion, ...]:
        """What may stand for a word, the likeliest first; none for what nobody can pronounce.

        ``as_one`` are the words that it makes with a neighbour that was asked for too; those that the index has stand
        for both.
        """
        whole = tuple(Expansion((one,), AS_ONE) for one in dict.fromkeys(as_one) if self.lexicon.passages_with(one))
        if not whole:
            return self._alone(word)
        others = (expansion for expansion in self._alone(word) if expansion.tokens not in {one.tokens for one in whole})
        return _likeliest_first((*whole, *others))

    def rate(self, word: str) -> float:
        """The share of passages that have a word, at least one in as many as the tables were learned from."""
        least = 1 / self._tables.passages
        return max(self.lexicon.passages_with(word) / max(1, self.lexicon.passages), least)

    def floor(self, word: str) -> float:
        """The probability below which a sign of the word tells nothing: that of a passage which shows no sign of it.

        That would be the share of words that leave none, times `rate`. Of the rate the root is taken, as otherwise a
        rare word would count for too much beside others that are asked for with it.
        """
        return self._tables.unseen * math.sqrt(self.rate(word))

    def _expansions(self, word: str) -> tuple[Expansion, ...]:
        """The candidates without the word itself."""
        found: list[Expansion] = []
        is_misspelt = not self._spelling.knows(plain(word)) and not self.lexicon.passages_with(word)
        for entries, weights in zip((self.lexicon.single, self.lexicon.double), self._tables.weights, strict=True):
            candidates = self.candidates(word, entries)
            odds = np.exp(-(candidates.features @ weights))
            for row, odd in zip(candidates.rows, odds.tolist(), strict=True):
                tokens = tuple(self.lexicon.words[number] for number in entries.members[row])
                if word not in tokens:
                    least = MISSPELT if is_misspelt and _one_letter_apart(word, "".join(tokens)) else 0.0
                    found.append(Expansion(tokens, max(least, 1 / (1 + odd))))
        return _likeliest_first(found)

    def candidates(self, word: str, entries: Entries) -> Candidates:
        """The `NEAREST` entries by sound and letters together, without those that are farther than `FARTHEST`."""
        said = [np.frombuffer(one[:LONGEST_SOUND], np.uint8) for one in self._spelling.pronunciations(plain(word))]
        if not said or not len(entries):
            return Candidates(np.empty(0, np.intp), np.empty((0, len(FEATURES))))
        spelled = np.frombuffer(letters(plain(word))[:LONGEST_SPELLING], np.uint8)
        is_single = entries is self.lexicon.single
        most, length_weight = (MEASURED_WORDS, 1) if is_single else (MEASURED_PAIRS, 0)
        rows = entries.likest(said[0], spelled, most, length_weight)
        sounds = _nearest(said, entries, rows, self._tables)
        spellings = np.stack(
            distances(spelled, entries.letters[rows], entries.letter_lengths[rows], self._tables.letters)
        ) / len(spelled)
        apart = _together(sounds) + _LETTER_SHARE * _together(spellings)
        best = np.sort(np.argsort(apart, kind="stable")[:NEAREST])
        best = best[np.maximum(sounds[0, best], spellings[0, best]) < FARTHEST]
        features = self._features(word, said[0], entries, rows[best], sounds[:, best], spellings[:, best])
        return Candidates(rows[best], features)

    def _features(
        self,
        word: str,
        said: NDArray[np.uint8],
        entries: Entries,
        rows: NDArray[np.intp],
        sounds: NDArray[np.float64],
        spellings: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        (sound, sound_inside), (letter, letter_inside) = sounds, spellings
        length = len(said)
        lengths = entries.sound_lengths[rows]
        heard = entries.sounds[rows]
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
            heard[:, 0] == said[0],
            heard[np.arange(len(rows)), lengths - 1] == said[-1],
            length,
            self._spelling.knows(plain(word)),
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
        """Logarithms of how many passages of as many as the tables were learned from, so that size changes nothing."""
        scale = max(1.0, self.lexicon.passages / self._tables.passages)
        return np.asarray(np.log(np.maximum(1.0, passages / scale)), np.float64)


def _likeliest_first(expansions: Iterable[Expansion]) -> tuple[Expansion, ...]:
    return tuple(sorted(expansions, key=lambda expansion: (-expansion.probability, expansion.tokens)))


def _one_letter_apart(one: str, other: str) -> bool:
    """Whether a letter was changed, dropped or added, or two neighbours were swapped (Damerau 1964)."""
    start = _alike(one, other)
    end = _alike(one[start:][::-1], other[start:][::-1])
    wrong, right = one[start : len(one) - end], other[start : len(other) - end]
    return max(len(wrong), len(right)) == 1 or (len(wrong) == 2 and wrong == right[::-1])


def _alike(one: str, other: str) -> int:
    """How many letters are the same from the beginning."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _nearest(
    said: Sequence[NDArray[np.uint8]], entries: Entries, rows: NDArray[np.intp], tables: Tables
) -> NDArray[np.float64]:
    """Costs per phoneme of the whole and of the best stretch, shape (2, rows); of several pronunciations the best."""
    heard, lengths = entries.sounds[rows], entries.sound_lengths[rows]
    costs = [np.stack(distances(one, heard, lengths, tables.phonemes)) / len(one) for one in said]
    return np.asarray(np.min(costs, axis=0), np.float64)


def _together(costs: NDArray[np.float64]) -> NDArray[np.float64]:
    whole, inside = costs
    return np.asarray(np.minimum(whole, inside + _STRETCH_CHARGE), np.float64)

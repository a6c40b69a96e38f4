"""The confusion channel: which words may have been said where a word or a pair was transcribed, with probabilities."""

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.phonetics.alphabets import Symbols, letters, plain
from indexer.phonetics.bigrams import UNKNOWN_WORD, english_bigrams
from indexer.phonetics.candidates import MOST_LETTERS, MOST_PHONEMES, Entries, padded_letters, padded_phonemes
from indexer.phonetics.edit_distance import distances
from indexer.phonetics.g2p import english
from indexer.phonetics.lexicon import Lexicon
from indexer.phonetics.tables import Tables

DICTIONARY_WORDS: Final = 20_000
"""The most frequent words of the dictionary, among which probabilities are normalised."""

_NEAREST: Final = 300
"""Words of the dictionary whose distance to what was transcribed is computed; see `Entries.shortlist`."""

_NATS: Final = 6.0
"""Nats per unit of cost; see `indexer.phonetics.confusions`."""

_REPEATED: Final = 0.5
"""Weight of the number of passages with a transcribed word in the probability that it was said, next to its frequency
in English: what is transcribed again and again is rarely a misrecognition."""

_RAREST: Final = 1e-9
"""The least probability of a word to be said."""


@dataclass(frozen=True, slots=True)
class Posterior:
    """How likely a word was said where something was transcribed.

    ``log_probability`` is the logarithm of its probability, and ``log_odds`` that of its odds against the most likely
    other word.
    """

    log_probability: float
    log_odds: float


class Channel:
    """Bayes' rule over a dictionary: P(said | transcribed) ∝ P(said) P(transcribed | said).

    The likelihood is that of the confusion costs, half by phonemes and half by letters. The probability of a word to be
    said is its frequency in English; that of the query word is at least one occurrence in the index, because somebody
    asks for it. What was transcribed may have been said, with a likelihood of 1.
    """

    def __init__(self, lexicon: Lexicon, tables: Tables) -> None:
        self._lexicon = lexicon
        self._tables = tables
        self._transposed = tuple(np.ascontiguousarray(costs.T) for costs in (tables.phonemes, tables.letters))
        self.posterior = lru_cache(maxsize=50_000)(self._posterior)
        self._others = lru_cache(maxsize=20_000)(self._log_joint_of_others)

    def _posterior(self, word: str, transcribed: tuple[str, ...]) -> Posterior:
        """The posterior of a word where one or two neighbouring tokens were transcribed."""
        said = self._log_prior(word) + self._log_likelihood(word, transcribed)
        words, logs = self._others(transcribed)
        others = np.append(logs[words != word], self._log_prior_of_transcribed(transcribed))
        most = max(said, float(others.max()))
        total = most + math.log(math.exp(said - most) + float(np.exp(others - most).sum()))
        return Posterior(said - total, said - float(others.max()))

    def _log_prior(self, word: str) -> float:
        return math.log(math.exp(english_bigrams().unigram(word)) + 1 / max(1, self._lexicon.tokens))

    def _log_prior_of_transcribed(self, transcribed: tuple[str, ...]) -> float:
        language = english_bigrams()
        in_english = language.unigram(transcribed[0]) + language.after(list(pairwise(transcribed))).sum()
        repeated = max(0, self._lexicon.passages_with(*transcribed) - 1) / max(1, self._lexicon.tokens)
        return math.log(math.exp(in_english) + _REPEATED * repeated + _RAREST)

    def _log_likelihood(self, word: str, transcribed: tuple[str, ...]) -> float:
        sound, spelling = _symbols(transcribed)
        own = _row(letters(plain(word)), MOST_LETTERS)
        pronunciations = [_row(one, MOST_PHONEMES) for one in english().pronunciations(plain(word))]
        if not (len(sound) and len(spelling) and len(own) and pronunciations):
            return UNKNOWN_WORD
        by_sound = min(_distance(one, sound, self._tables.phonemes) for one in pronunciations)
        return -_NATS * (by_sound + _distance(own, spelling, self._tables.letters)) / 2

    def _log_joint_of_others(self, transcribed: tuple[str, ...]) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
        """The words of the dictionary near what was transcribed, and log P(said) P(transcribed | said) of each."""
        sound, spelling = _symbols(transcribed)
        known = _dictionary()
        if not (len(sound) and len(spelling)):
            return known.words[:0], known.logs[:0]
        rows = known.entries.shortlist(sound, spelling, _NEAREST, 1)
        rows = rows[known.words[rows] != "".join(transcribed)]
        by_sound, by_letters = self._transposed
        # transposed, because here many words may have been said, and one was transcribed
        cost, _ = distances(sound, known.entries.phonemes[rows], known.entries.phoneme_lengths[rows], by_sound)
        spelled, _ = distances(spelling, known.entries.letters[rows], known.entries.letter_lengths[rows], by_letters)
        return known.words[rows], known.logs[rows] - _NATS * (cost + spelled) / 2


def dictionary_words() -> list[str]:
    """The `DICTIONARY_WORDS` most frequent English words of the dictionary, the most frequent first."""
    return [str(word) for word in _dictionary().words]


@dataclass(frozen=True, eq=False, slots=True)
class _Dictionary:
    """The most frequent words of the dictionary: as entries, spelled, and the logarithms of their probabilities."""

    entries: Entries
    words: NDArray[np.str_]
    logs: NDArray[np.float64]


@cache
def _dictionary() -> _Dictionary:
    language, g2p = english_bigrams(), english()
    numbers = [at for at, word in enumerate(language.words) if word.isalpha() and g2p.knows(word)][:DICTIONARY_WORDS]
    words = [language.words[number] for number in numbers]
    nothing = np.zeros(len(words), np.float32)
    sounds, spelled = padded_phonemes(g2p.first_pronunciations(words)), padded_letters(words)
    members = np.arange(len(words), dtype=np.int32)[:, None]
    entries = Entries(members, sounds, spelled, nothing, nothing, nothing, nothing)
    return _Dictionary(entries, np.array(words), language.unigrams[numbers])


def _symbols(transcribed: tuple[str, ...]) -> tuple[Symbols, Symbols]:
    """The phonemes and the letters of one or two tokens."""
    sounds = (next(iter(english().pronunciations(plain(token))), b"") for token in transcribed)
    return _row(b"".join(sounds), MOST_PHONEMES), _row(letters(plain("".join(transcribed))), MOST_LETTERS)


def _row(symbols: bytes, most: int) -> Symbols:
    return np.frombuffer(symbols[:most], np.uint8)


def _distance(said: Symbols, transcribed: Symbols, costs: NDArray[np.float32]) -> float:
    whole, _ = distances(said, transcribed[None], np.array([len(transcribed)]), costs)
    return float(whole[0])

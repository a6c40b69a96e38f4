"""The features of possible matches: of a single lost word, and of a query of several words."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.matching.evidence import LostWord, Transcribed
from indexer.phonetics.alphabets import plain
from indexer.phonetics.bigrams import english_bigrams
from indexer.phonetics.expansion import Expander
from indexer.phonetics.g2p import english

WORD_FEATURES: Final = (
    "log odds of the expansion",
    "log posterior of the word given what was transcribed",
    "log odds of the word against the most likely other one",
    "log rank of the expansion",
    "whether a pair was transcribed",
    "log number of passages with what was transcribed",
    "share of what was transcribed that the dictionary knows",
    "log frequency of what was transcribed in English",
    "context",
    "fit",
    "context before",
    "context after",
    "share of unknown words around",
    "share of unknown words in the passage",
    "confidence of the speech model",
    "confidence of an alternative",
    "log frequency of the word in English",
    "letters of the word",
    "log number of passages with the word",
    "log number of passages with better evidence",
    "lead over the next passage",
    "one",
)
"""Features of one lost word in one passage; see `LostWord`."""

QUERY_FEATURES: Final = (
    "sum of the log odds of the lost words",
    "the least of them",
    "number of lost words",
    "sum of the log odds of the expansions",
    "the least of them",
    "sum of the contexts",
    "inverse document frequencies of the matched words",
    "those of the lost words",
    "log number of matches",
    "share of unknown words around the least likely word",
    "share of unknown words in the passage",
    "whether the dictionary knows all that was transcribed",
    "log number of tokens in the passage",
    "log number of passages with better evidence",
    "lead over the next passage",
    "log number of possible matches",
    "one",
)
"""Features of several words in one passage, of which at least one is lost."""

SECONDED_WORD_FEATURES: Final = (
    *WORD_FEATURES[:-1],
    "whether the second transcript has the word or a form of it",
    "whether it has the word itself",
    "log odds of the second model's confidence in it",
    "log posterior of the word given what the first transcript has there",
    "whether the first transcript has nothing there",
    "whether the second transcript has what was transcribed, too",
    "agreement of the two transcripts",
    "share of repeated tokens in the second transcript",
    "log number of passages whose second transcript has the word",
    "one",
)
"""Features of one lost word in a passage with a second transcript; see `Seconded`."""

SECONDED_QUERY_FEATURES: Final = (
    *QUERY_FEATURES[:-1],
    "number of lost words in the second transcript",
    "share of the lost words in the second transcript",
    "least log odds of the second model's confidence in them",
    "agreement of the two transcripts",
    "one",
)
"""Features of several words in a passage with a second transcript."""

MOST_BETTER: Final = 50
"""Number of passages with better evidence from which on they are not counted."""

MOST_LEAD: Final = 10.0

_SECONDED: Final = 4.0
"""Log odds by which a word in the second transcript comes before others in the order that the last features are based
on, plus those of the model's confidence."""

_IDF_WEIGHT: Final = 0.8
"""Weight of inverse document frequencies in the order of passages that the last features are based on."""


_MOST_PASSAGES: Final = 3
"""Passages with a word that are counted. The words that the regressions are fitted on occur in at most three references
(`indexer.matching.query_sampling`); without a limit, the weight of their number would make every misrecognition of a
word that occurs often improbable."""


def word_features(
    word: str, lost: Mapping[int, LostWord], transcripts: Sequence[Transcribed], expander: Expander
) -> NDArray[np.float64]:
    """The `WORD_FEATURES` of a word in each passage that lacks it, shape (passages, features)."""
    if not lost:
        return np.empty((0, len(WORD_FEATURES)))
    order = np.array([one.log_odds + one.posterior.log_probability + _bonus(one) for one in lost.values()])
    better, lead = _standing(order)
    language, lexicon = english_bigrams(), expander.lexicon
    passages = math.log1p(min(lexicon.passages_with(word), _MOST_PASSAGES))
    rows = []
    for at, (number, one) in enumerate(lost.items()):
        those = one.expansion.tokens if one.expansion else ()
        rows.append(
            (
                one.log_odds,
                one.posterior.log_probability,
                one.posterior.log_odds,
                math.log1p(one.rank),
                len(those) > 1,
                math.log(max(1, lexicon.passages_with(*those))) if those else 0.0,
                _known(those),
                sum(map(language.unigram, those)),
                one.context,
                one.fit,
                one.before,
                one.after,
                one.unknown_neighbours,
                transcripts[number].share_unknown,
                one.confidence,
                one.alternative,
                language.unigram(word),
                len(word),
                passages,
                better[at],
                lead[at],
                1.0,
            )
        )
    return np.array(rows, np.float64)


def seconded_word_features(
    features: NDArray[np.float64], lost: Mapping[int, LostWord], transcripts: Sequence[Transcribed]
) -> NDArray[np.float64]:
    """The `SECONDED_WORD_FEATURES`, of which `word_features` returned the first, shape (passages, features).

    Those of passages without a second transcript have no meaning.
    """
    passages = math.log1p(min(sum(one.seconded is not None for one in lost.values()), _MOST_PASSAGES))
    rows = []
    for number, one in lost.items():
        second, found = transcripts[number].second, one.seconded
        those = one.expansion.tokens if one.expansion else ()
        rows.append(
            (
                found is not None,
                found is not None and found.is_word,
                found.log_odds if found else 0.0,
                found.posterior.log_probability if found else 0.0,
                found is not None and (found.place is None or found.place[0] == found.place[1]),
                second is not None and bool(those) and set(those) <= set(second.tokens),
                second.agreement if second else 0.0,
                second.repetition if second else 0.0,
                passages,
            )
        )
    return _with(features, rows, len(SECONDED_WORD_FEATURES))


def _with(features: NDArray[np.float64], rows: Sequence[Sequence[float]], width: int) -> NDArray[np.float64]:
    """The features, with further ones before the last, which is 1: ``width`` in all."""
    further = np.array(rows, np.float64).reshape(len(features), width - features.shape[1])
    return np.concatenate([features[:, :-1], further, features[:, -1:]], axis=1)


def _bonus(lost: LostWord) -> float:
    """By how much a word in the second transcript comes before others, in the order that features are based on."""
    return _SECONDED + lost.seconded.log_odds if lost.seconded else 0.0


@dataclass(frozen=True, slots=True)
class LostWords:
    """The words of a query in one passage: their ``number``, and the ``names`` of those that are lost.

    ``log_odds`` has those of each lost word alone. ``matched_idf`` is the sum of the inverse document frequencies of
    the words that the passage has, and ``lost_idf`` that of the others.
    """

    transcript: Transcribed
    number: int
    names: tuple[str, ...]
    lost: tuple[LostWord, ...]
    log_odds: tuple[float, ...]
    matched_idf: float
    lost_idf: float


def query_features(found: Sequence[LostWords], matches: int) -> NDArray[np.float64]:
    """The `QUERY_FEATURES` of each passage, shape (passages, features); ``matches`` is the number of matches."""
    if not found:
        return np.empty((0, len(QUERY_FEATURES)))
    order = np.array([sum(one.log_odds) / 2 + _IDF_WEIGHT * one.matched_idf for one in found])
    better, lead = _standing(order)
    rows = []
    for at, one in enumerate(found):
        least = one.lost[int(np.argmin(one.log_odds))]
        odds = [lost.log_odds for lost in one.lost]
        rows.append(
            (
                sum(one.log_odds),
                min(one.log_odds),
                len(one.lost),
                sum(odds),
                min(odds),
                sum(lost.context for lost in one.lost),
                one.matched_idf,
                one.lost_idf,
                math.log1p(matches),
                least.unknown_neighbours,
                one.transcript.share_unknown,
                min(_known(lost.expansion.tokens if lost.expansion else ()) for lost in one.lost),
                math.log1p(len(one.transcript.tokens)),
                better[at],
                lead[at],
                math.log(len(found)),
                1.0,
            )
        )
    return np.array(rows, np.float64)


def seconded_query_features(features: NDArray[np.float64], found: Sequence[LostWords]) -> NDArray[np.float64]:
    """The `SECONDED_QUERY_FEATURES`, of which `query_features` returned the first, shape (passages, features)."""
    rows = []
    for one in found:
        seconded = [lost.seconded for lost in one.lost if lost.seconded]
        second = one.transcript.second
        rows.append(
            (
                len(seconded),
                len(seconded) / len(one.lost),
                min((word.log_odds for word in seconded), default=0.0),
                second.agreement if second else 0.0,
            )
        )
    return _with(features, rows, len(SECONDED_QUERY_FEATURES))


def _standing(order: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each passage the logarithm of the number of better ones, and the lead over the best other one."""
    ranked = np.sort(order)[::-1]
    better = np.searchsorted(-ranked, -order, side="left")
    rival = np.where(order < ranked[0], ranked[0], ranked[1] if len(ranked) > 1 else ranked[0] - MOST_LEAD)
    return np.log1p(np.minimum(better, MOST_BETTER)), np.clip(order - rival, -MOST_LEAD, MOST_LEAD)


def _known(those: Sequence[str]) -> float:
    """The share of the tokens that the dictionary knows; 1 without tokens."""
    return sum(english().knows(plain(token)) for token in those) / len(those) if those else 1.0

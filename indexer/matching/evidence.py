"""What was transcribed in place of the words of a query, passage by passage."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hearsay.text.normalize import tokens
from indexer.documents import alternatives_of, stem
from indexer.matching.second_opinion import NOWHERE, UNKNOWN_CONFIDENCE, Seconded, SecondTranscript
from indexer.passages import Passage
from indexer.phonetics.alphabets import plain
from indexer.phonetics.bigrams import END, START, english_bigrams
from indexer.phonetics.channel import Channel, Posterior
from indexer.phonetics.expansion import Expander, Expansion
from indexer.phonetics.g2p import english
from indexer.query.explanation import QueryTerm

MOST_POSTERIORS: Final = 15
"""Expansions of a word, the most likely ones, whose posterior is computed; 40 find no more."""

_IMPROBABLE: Final = NOWHERE
"""The posterior of the other expansions, and its lower bound."""

_PREFERENCE: Final = (0.5, 1.0, 0.5)
"""Weights of the log odds of the expansion, of the posterior and of the context, by which the best of several pieces of
evidence in one passage is chosen."""


@dataclass(frozen=True, slots=True)
class Transcribed:
    """The tokens of a passage, and where they are; ``second`` are those of a second model, if it has been run."""

    tokens: tuple[str, ...]
    places: Mapping[str, Sequence[int]]
    stems: frozenset[str]
    alternatives: Mapping[str, float]
    confidences: Mapping[str, float]
    unknown: tuple[bool, ...]
    second: SecondTranscript | None = None

    @classmethod
    def of(cls, passage: Passage) -> "Transcribed":
        words = tuple(tokens(passage.row.generated_text))
        places: dict[str, list[int]] = defaultdict(list)
        for at, word in enumerate(words):
            places[word].append(at)
        confidences = {
            token: word.confidence
            for word in passage.row.words
            if word.confidence is not None
            for token in tokens(word.text)
        }
        knows = english().knows
        return cls(
            words,
            places,
            frozenset(map(stem, places)),
            alternatives_of(passage.row),
            confidences,
            tuple(not knows(plain(word)) for word in words),
            next((SecondTranscript(one, words) for one in passage.row.transcripts if not one.error), None),
        )

    def matches(self, term: QueryTerm) -> bool:
        """Whether a word of the query is in the transcript, as word or stem."""
        if term.word.endswith("*"):
            return any(token.startswith(term.word[:-1]) for token in self.places)
        return term.word in self.places or term.stem in self.stems

    def found(self, ranks: Mapping[tuple[str, ...], int]) -> Iterator[tuple[int, int]]:
        """The position of each token, and of each pair of neighbours, that has a rank, with that rank."""
        for those in (zip(self.tokens, strict=True), pairwise(self.tokens)):
            for at, some in enumerate(those):
                if (rank := ranks.get(some)) is not None:
                    yield at, rank

    @property
    def share_unknown(self) -> float:
        """The share of tokens that the dictionary lacks; 0 for an empty transcript."""
        return sum(self.unknown) / max(1, len(self.unknown))


@dataclass(frozen=True, slots=True)
class LostWord:
    """What was transcribed in place of one word of the query in one passage.

    ``expansion`` has the transcribed tokens, None if the word is only an alternative of the speech model, with
    ``alternative`` as its confidence (0..1), or only in the second transcript, where it is ``seconded``. ``at`` is the
    position of the first token, ``rank`` that of the expansion among all of the word. ``context`` is by how many nats
    the query word fits the tokens on both sides better than what was transcribed, relative to how frequent the two are;
    ``fit`` is the same with their frequencies.
    ``unknown_neighbours`` is the share of the four tokens around that the dictionary lacks, and ``confidence`` that of
    the speech model in the tokens.
    """

    expansion: Expansion | None
    at: int
    rank: int
    posterior: Posterior
    context: float
    fit: float
    before: float
    after: float
    unknown_neighbours: float
    alternative: float
    confidence: float
    seconded: Seconded | None = None

    @property
    def log_odds(self) -> float:
        """Those of the expansion alone, without the transcript around it."""
        if self.expansion is None:
            return _WITHOUT_EXPANSION
        return float(np.log(self.expansion.probability / (1 - self.expansion.probability + 1e-6)))


_WITHOUT_EXPANSION: Final = -9.0
_LARGEST: Final = 20.0
"""Bound of the differences of contexts, in nats."""


class EvidenceFinder:
    """Finds what was transcribed in place of words, with the lexicon and the tables of one index."""

    def __init__(self, expander: Expander, channel: Channel) -> None:
        self.expander = expander
        self.channel = channel

    def lost(self, term: QueryTerm, transcripts: Sequence[Transcribed]) -> dict[int, LostWord]:
        """The best evidence for a word in each transcript that lacks it but has any, by the transcript's number."""
        rows: list[tuple[int, int, int]] = []
        ranks = {expansion.tokens: rank for rank, expansion in enumerate(term.expansions)}
        alternatives: dict[int, float] = {}
        seconded: dict[int, Seconded] = {}
        for number, transcript in enumerate(transcripts):
            if transcript.matches(term):
                continue
            if confidence := transcript.alternatives.get(term.word, 0.0):
                alternatives[number] = confidence
            if one := self._seconded(term, transcript):
                seconded[number] = one
            rows += ((number, rank, at) for at, rank in transcript.found(ranks))
        posteriors = [
            self._posterior(term.word, expansion) if rank < MOST_POSTERIORS else _IMPROBABLE
            for rank, expansion in enumerate(term.expansions)
        ]
        found: dict[int, LostWord] = {}
        described = self._described(term, rows, posteriors, transcripts, alternatives)
        for lost, (number, _, _) in zip(described, rows, strict=True):
            if number not in found or preference(lost) > preference(found[number]):
                found[number] = lost
        for number in dict.fromkeys((*alternatives, *seconded)):
            if number not in found:
                confidence = alternatives.get(number, 0.0)
                found[number] = LostWord(
                    None, 0, len(term.expansions), _IMPROBABLE, 0.0, 0.0, 0.0, 0.0, 0.0, confidence, UNKNOWN_CONFIDENCE
                )
        return {number: replace(lost, seconded=seconded.get(number)) for number, lost in found.items()}

    def _seconded(self, term: QueryTerm, transcript: Transcribed) -> Seconded | None:
        if transcript.second is None or term.stem is None:
            return None
        return transcript.second.seconds(term.word, term.stem, self.channel)

    def _posterior(self, word: str, expansion: Expansion) -> Posterior:
        found = self.channel.posterior(word, expansion.tokens)
        least, most = _IMPROBABLE.log_odds, -_IMPROBABLE.log_odds
        return Posterior(max(least, found.log_probability), min(most, max(least, found.log_odds)))

    def _described(
        self,
        term: QueryTerm,
        rows: Sequence[tuple[int, int, int]],
        posteriors: Sequence[Posterior],
        transcripts: Sequence[Transcribed],
        alternatives: Mapping[int, float],
    ) -> Iterator[LostWord]:
        contexts = self._contexts(term, rows, transcripts)
        for (number, rank, at), (context, fit, before, after) in zip(rows, contexts.tolist(), strict=True):
            transcript, expansion = transcripts[number], term.expansions[rank]
            end = at + len(expansion.tokens)
            around = (*transcript.unknown[max(0, at - 2) : at], *transcript.unknown[end : end + 2])
            confidences = [transcript.confidences.get(token, UNKNOWN_CONFIDENCE) for token in expansion.tokens]
            yield LostWord(
                expansion,
                at,
                rank,
                posteriors[rank],
                context,
                fit,
                before,
                after,
                sum(around) / max(1, len(around)),
                alternatives.get(number, 0.0),
                min(confidences),
            )

    def _contexts(
        self, term: QueryTerm, rows: Sequence[tuple[int, int, int]], transcripts: Sequence[Transcribed]
    ) -> NDArray[np.float64]:
        """``context``, ``fit``, ``before`` and ``after`` of each row, shape (rows, 4)."""
        if not rows:
            return np.empty((0, 4))
        language, word = english_bigrams(), term.word
        left, right, said = [], [], []
        for number, rank, at in rows:
            around, those = transcripts[number].tokens, term.expansions[rank].tokens
            left.append(around[at - 1] if at else START)
            end = at + len(those)
            right.append(around[end] if end < len(around) else END)
            said.append(those)
        before = language.after([(one, word) for one in left])
        after = language.after([(word, one) for one in right])
        transcribed = language.after([(one, those[0]) for one, those in zip(left, said, strict=True)])
        transcribed += language.after([(those[-1], one) for one, those in zip(right, said, strict=True)])
        inside = [pair for those in said for pair in pairwise(those)]
        is_pair = np.array([len(those) > 1 for those in said])
        transcribed[is_pair] += language.after(inside)
        own = language.unigram(word)
        theirs = np.array([sum(map(language.unigram, those)) for those in said])
        following = np.array([language.unigram(one) for one in right])
        fit = before + after - transcribed
        table = np.stack([fit - own + theirs, fit, before - own, after - following], axis=1)
        return np.asarray(np.clip(table, -_LARGEST, _LARGEST), np.float64)


def preference(lost: LostWord) -> float:
    """By which the best of several pieces of evidence for a word is chosen."""
    figures = (lost.log_odds, lost.posterior.log_probability, lost.context)
    return sum(weight * figure for weight, figure in zip(_PREFERENCE, figures, strict=True))

"""The probability that the words of a query were said in passages whose transcripts lack some of them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hearsay.text.normalize import tokens
from indexer.documents import stem
from indexer.matching.evidence import EvidenceFinder, LostWord, Transcribed
from indexer.matching.features import (
    LostWords,
    query_features,
    seconded_query_features,
    seconded_word_features,
    word_features,
)
from indexer.passages import Passage
from indexer.phonetics.probability import ProbabilityModel
from indexer.query.explanation import Evidence, QueryTerm, SecondModel, evidence_of
from indexer.query.planner import Plan, Words

_CERTAIN: Final = 30.0
"""The largest log odds; those of a word that is in the transcript, when alternatives of an OR are compared."""

_SHIFT: Final = 1
"""Number of tokens by which neighbouring words of a phrase may be closer together, or further apart."""


@dataclass(frozen=True, slots=True)
class PossibleMatch:
    """A passage in which the words of a query were said with a ``probability`` (0..1), with the evidence for each."""

    passage: Passage
    probability: float
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Guess:
    """One lost word in one passage, its features, and the log odds that it was said there.

    These are `WORD_FEATURES`, or `SECONDED_WORD_FEATURES` in a passage with a second transcript.
    """

    lost: LostWord
    features: NDArray[np.float64]
    log_odds: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that lacks words of a query and has evidence for each of them.

    ``words`` is the number of words of the query, and ``is_seconded`` says that there is a second transcript.
    ``features`` are those of the word for one word, else `QUERY_FEATURES` or `SECONDED_QUERY_FEATURES`. ``most`` bounds
    the log odds of several words.
    """

    passage: Passage
    words: int
    is_seconded: bool
    guesses: Mapping[str, Guess]
    features: NDArray[np.float64]
    most: float = _CERTAIN


class Estimator:
    """Estimates probabilities with the lexicon and the tables of one index."""

    def __init__(self, finder: EvidenceFinder, model: ProbabilityModel) -> None:
        self._finder = finder
        self.model = model

    def possible_matches(self, plan: Plan, passages: Sequence[Passage], matches: int) -> list[PossibleMatch]:
        """The passages in which the words may have been said, the most probable first, ties in the given order.

        ``passages`` are results of the plan's ``candidates``, and ``matches`` is the number of its matches. Where a
        reference is known, it decides: with the words in it the probability is 1, without them a passage is left out.
        """
        allowed = [passage for passage in passages if not passage.row.text or _is_in_reference(plan, passage)]
        said = [passage for passage in allowed if passage.row.text and passage.is_whole]
        in_doubt = [passage for passage in allowed if not (passage.row.text and passage.is_whole)]
        found = [PossibleMatch(passage, 1.0, evidence_of(passage, plan.terms)) for passage in said]
        found += self._any_of(plan, in_doubt) if plan.mode == "any" else self._all_of(plan, in_doubt, matches)
        return sorted(found, key=lambda one: -one.probability)

    def candidates(self, plan: Plan, passages: Sequence[Passage], matches: int) -> list[Candidate]:
        """The passages with evidence for each word that they lack, in the given order."""
        transcripts = [Transcribed.of(passage) for passage in passages]
        guesses = self._guesses(plan.terms, transcripts)
        chosen: list[tuple[int, LostWords]] = []
        for number, transcript in enumerate(transcripts):
            here = {word: of[number] for word, of in guesses.items() if number in of}
            terms = _chosen(plan, transcript, here)
            lost = {term.word: here[term.word] for term in terms if term.word in here}
            if lost:
                chosen.append((number, self._lost_words(terms, lost, transcript)))
        several = [words for _, words in chosen]
        alone = query_features(several, matches)
        seconded = seconded_query_features(alone, several)
        return [
            self._candidate(passages[number], words, {word: guesses[word][number] for word in words.names}, rows)
            for (number, words), *rows in zip(chosen, alone, seconded, strict=True)
        ]

    def _candidate(
        self, passage: Passage, words: LostWords, guesses: Mapping[str, Guess], rows: Sequence[NDArray[np.float64]]
    ) -> Candidate:
        is_seconded = self._is_seconded(words.transcript)
        features = rows[is_seconded] if words.number > 1 else guesses[words.names[0]].features
        return Candidate(passage, words.number, is_seconded, guesses, features, self._most_log_odds(words))

    def _is_seconded(self, transcript: Transcribed) -> bool:
        return transcript.second is not None and self.model.seconded is not None

    def _guesses(self, terms: Sequence[QueryTerm], transcripts: Sequence[Transcribed]) -> dict[str, dict[int, Guess]]:
        """For each word the passages that lack it and have evidence for it, by their number."""
        return {term.word: dict(self._guesses_of(term, transcripts)) for term in terms}

    def _guesses_of(self, term: QueryTerm, transcripts: Sequence[Transcribed]) -> Iterator[tuple[int, Guess]]:
        lost = self._finder.lost(term, transcripts)
        alone = word_features(term.word, lost, transcripts, self._finder.expander)
        seconded = seconded_word_features(alone, lost, transcripts)
        for (number, one), *rows in zip(lost.items(), alone, seconded, strict=True):
            is_seconded = self._is_seconded(transcripts[number])
            features = rows[is_seconded]
            odds = float(features @ self.model.of(is_seconded=is_seconded).word)
            yield number, Guess(one, features, max(odds, _log_odds_of_spelling(one)))

    def _lost_words(self, terms: Sequence[QueryTerm], lost: Mapping[str, Guess], transcript: Transcribed) -> LostWords:
        rarity = {term.word: -math.log(self._finder.expander.rate(term.word)) for term in terms}
        return LostWords(
            transcript,
            len(terms),
            tuple(lost),
            tuple(guess.lost for guess in lost.values()),
            tuple(guess.log_odds for guess in lost.values()),
            sum(idf for word, idf in rarity.items() if word not in lost),
            sum(idf for word, idf in rarity.items() if word in lost),
        )

    def _most_log_odds(self, words: LostWords) -> float:
        """The log odds that the other words of a query can raise its least likely one to.

        At best they single out one passage of all, which multiplies the odds by the number of passages. The regression
        was fitted on an index of thousands, and does not know how few passages an index may have.
        """
        if words.number == 1:
            return _CERTAIN
        return min(words.log_odds) + math.log(max(1, self._finder.expander.lexicon.passages))

    def _all_of(self, plan: Plan, passages: Sequence[Passage], matches: int) -> Iterator[PossibleMatch]:
        for candidate in self.candidates(plan, passages, matches):
            weights = self.model.of(is_seconded=candidate.is_seconded).weights(candidate.words)
            log_odds = min(float(candidate.features @ weights), candidate.most)
            log_odds = max(log_odds, min(_log_odds_of_spelling(guess.lost) for guess in candidate.guesses.values()))
            yield PossibleMatch(
                candidate.passage, _probability(log_odds), _evidence(plan, candidate.passage, candidate.guesses)
            )

    def _any_of(self, plan: Plan, passages: Sequence[Passage]) -> Iterator[PossibleMatch]:
        """The probability that at least one of the words was said, as if they were independent."""
        transcripts = [Transcribed.of(passage) for passage in passages]
        guesses = self._guesses(plan.terms, transcripts)
        for number, passage in enumerate(passages):
            here = {word: of[number] for word, of in guesses.items() if number in of}
            if here:
                none = math.prod(1 - _probability(guess.log_odds) for guess in here.values())
                yield PossibleMatch(passage, 1 - none, _evidence(plan, passage, here))


def _log_odds_of_spelling(lost: LostWord) -> float:
    """The least log odds of what the query means, spelled otherwise: no regression has seen such queries."""
    return lost.log_odds if lost.expansion is not None and lost.expansion.is_spelling else -_CERTAIN


def words_of(plan: Plan) -> int:
    """The number of words of a query, by which its threshold is chosen."""
    if plan.mode == "any":
        return 1
    return sum(max(len(words.terms) for words in alternatives) for alternatives in plan.wanted)


def _chosen(plan: Plan, transcript: Transcribed, guesses: Mapping[str, Guess]) -> list[QueryTerm]:
    """The words of the query: of alternatives, those with the best evidence. None if there is no evidence for some."""
    found: list[QueryTerm] = []
    for alternatives in plan.wanted:
        possible = [words for words in alternatives if _is_possible(words, transcript, guesses)]
        if not possible:
            return []
        best = max(possible, key=lambda words: sum(_log_odds(term, guesses) for term in words.terms))
        found += best.terms
    return list({term.word: term for term in found}.values())


def _log_odds(term: QueryTerm, guesses: Mapping[str, Guess]) -> float:
    return guesses[term.word].log_odds if term.word in guesses else _CERTAIN


def _is_possible(words: Words, transcript: Transcribed, guesses: Mapping[str, Guess]) -> bool:
    """Whether each word is in the transcript or has evidence; in a phrase, next to each other."""
    if not all(term.word in guesses or transcript.matches(term) for term in words.terms):
        return False
    spans = [_spans(term, transcript, guesses) for term in words.terms] if words.is_phrase else []
    reached = spans[0] if spans else set()
    for following in spans[1:]:
        reached = {
            (start, end) for start, end in following if any(abs(start - before) <= _SHIFT for _, before in reached)
        }
    return bool(reached) or not words.is_phrase


def _spans(term: QueryTerm, transcript: Transcribed, guesses: Mapping[str, Guess]) -> set[tuple[int, int]]:
    """Start and end of what stands for a word; an alternative of the speech model may be anywhere."""
    if term.word not in guesses:
        forms = (at for at, token in enumerate(transcript.tokens) if token == term.word or stem(token) == term.stem)
        return {(at, at + 1) for at in forms}
    lost = guesses[term.word].lost
    if lost.expansion is None and lost.seconded and lost.seconded.place:
        return {lost.seconded.place}
    if lost.expansion is None:
        return {(at, at + 1) for at in range(len(transcript.tokens))}
    size = len(lost.expansion.tokens)
    return {(at, at + size) for at, _ in transcript.found({lost.expansion.tokens: 0})}


def _is_in_reference(plan: Plan, passage: Passage) -> bool:
    """Whether the reference has the words, as word or stem, and of a phrase next to each other."""
    reference = tokens(passage.row.text)
    stems = list(map(stem, reference))

    def has(words: Words) -> bool:
        wanted = [term.word for term in words.terms]
        if words.is_phrase:
            return any(reference[at : at + len(wanted)] == wanted for at in range(len(reference)))
        return all(_has(term, reference, stems) for term in words.terms)

    decide = any if plan.mode == "any" else all
    return decide(any(map(has, alternatives)) for alternatives in plan.wanted)


def _has(term: QueryTerm, reference: Sequence[str], stems: Sequence[str]) -> bool:
    """Whether a reference has a word, as word or stem, or spelled otherwise than in the query."""
    if term.word.endswith("*"):
        return any(token.startswith(term.word[:-1]) for token in reference)
    spelled = (expansion.tokens for expansion in term.expansions if expansion.is_spelling)
    return term.word in reference or stem(term.word) in stems or any(set(those) <= set(reference) for those in spelled)


def _evidence(plan: Plan, passage: Passage, guesses: Mapping[str, Guess]) -> tuple[Evidence, ...]:
    """The evidence for each word: for those that the passage lacks, what was transcribed in their place."""
    found = {word: _guessed(word, guess) for word, guess in guesses.items()}
    return tuple(found.get(one.word, one) for one in evidence_of(passage, plan.terms))


def _guessed(word: str, guess: Guess) -> Evidence:
    lost, probability = guess.lost, round(_probability(guess.log_odds), 4)
    found = lost.seconded
    second = SecondModel(found.model, found.word, round(found.confidence, 2), found.place) if found else None
    if lost.expansion is not None:
        return Evidence(word, "sounds like", lost.expansion.tokens, probability, second)
    return Evidence(word, "second transcript" if second else "alternative", (), probability, second)


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-max(-_CERTAIN, min(_CERTAIN, log_odds))))

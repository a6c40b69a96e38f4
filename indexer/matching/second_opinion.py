"""What a second speech model transcribed, beside the first transcript of a passage."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby, pairwise
from typing import Final

from hearsay.records.transcript import ModelTranscript
from hearsay.text.normalize import tokens
from hearsay.text.wer import align
from indexer.documents import stem
from indexer.phonetics.channel import Channel, Posterior

UNKNOWN_CONFIDENCE: Final = 0.5
"""The confidence of a word by a model that reports none: neither for nor against it."""

_MOST_CONFIDENT: Final = 0.99  # so that log odds are finite

MOST_ALIGNED: Final = 400
"""Tokens of a transcript up to which two transcripts are aligned; passages of 30 s have a hundred."""

_MOST_NEXT: Final = 4
"""Tokens of the first transcript, at one place of the alignment, that are compared with the word of the second."""


@dataclass(frozen=True, slots=True)
class Seconded:
    """A word of a query in a second transcript.

    ``word`` is as the model transcribed it, ``is_word`` if it is not only another form of the word, and ``confidence``
    that of the model (0..1). ``place`` has the positions of the tokens that the first transcript has there: the first,
    and the one after the last; they are equal if it has none there, and None beyond `MOST_ALIGNED` tokens.
    ``posterior`` says how likely the word was said where the best of these was transcribed.
    """

    model: str
    word: str
    is_word: bool
    confidence: float
    place: tuple[int, int] | None
    posterior: Posterior

    @property
    def log_odds(self) -> float:
        """Those of the confidence."""
        confidence = min(_MOST_CONFIDENT, max(1 - _MOST_CONFIDENT, self.confidence))
        return math.log(confidence / (1 - confidence))


class SecondTranscript:
    """The tokens of a second transcript, and where they are in the first one.

    ``agreement`` is the share of its tokens that are aligned with equal ones, and ``repetition`` the share that are
    repetitions of earlier ones.
    """

    def __init__(self, transcript: ModelTranscript, first: tuple[str, ...]) -> None:
        self.model = transcript.model
        self.tokens = tuple(tokens(transcript.text))
        self._first = first
        self._confidences = _confidences(transcript, self.tokens)

    @cached_property
    def places(self) -> Mapping[str, Sequence[int]]:
        """The positions of the tokens with each stem."""
        found: dict[str, list[int]] = defaultdict(list)
        for at, token in enumerate(self.tokens):
            found[stem(token)].append(at)
        return found

    @cached_property
    def repetition(self) -> float:
        return 1 - len(set(self.tokens)) / len(self.tokens) if self.tokens else 0.0

    @cached_property
    def agreement(self) -> float:
        length = max(1, len(self.tokens), len(self._first))
        return 1 - sum(max(end - start, high - low) for start, end, low, high in self._differences) / length

    def seconds(self, word: str, word_stem: str, channel: Channel) -> Seconded | None:
        """The word, or another with its stem, in this transcript: the most confident one; None if it has neither."""
        places = self.places.get(word_stem, ())
        if not places:
            return None
        at = max(places, key=lambda at: (self.tokens[at] == word, self._confidences[at], -at))
        place, found = self._place_of(at), self.tokens[at]
        posterior = self._posterior(word, place, channel) if place else NOWHERE
        return Seconded(self.model, found, found == word, self._confidences[at], place, posterior)

    def _posterior(self, word: str, place: tuple[int, int], channel: Channel) -> Posterior:
        here = self._first[slice(*place)][:_MOST_NEXT]
        several = [(one,) for one in here] + list(pairwise(here))
        found = max((channel.posterior(word, those) for those in several), key=_log_probability, default=NOWHERE)
        return found if found.log_probability > NOWHERE.log_probability else NOWHERE

    def _place_of(self, at: int) -> tuple[int, int] | None:
        """The positions of the tokens of the first transcript that stand where this one has the token ``at``."""
        for start, end, low, high in self._differences:
            if low <= at < high:
                return start, end
        return None

    @cached_property
    def _differences(self) -> Sequence[tuple[int, int, int, int]]:
        return _places(self._first[:MOST_ALIGNED], self.tokens[:MOST_ALIGNED])


NOWHERE: Final = Posterior(-15.0, -15.0)
"""The posterior of a word where nothing was transcribed."""


def _log_probability(posterior: Posterior) -> float:
    return posterior.log_probability


@lru_cache(maxsize=10_000)
def _places(first: tuple[str, ...], second: tuple[str, ...]) -> Sequence[tuple[int, int, int, int]]:
    """Where two transcripts differ: start and end in the first, start and end in the second."""
    found = []
    end = high = 0
    for is_equal, run in groupby(align(first, second), key=lambda edit: edit.operation == "equal"):
        start, low = end, high
        for edit in run:
            end += edit.operation != "insert"
            high += edit.operation != "delete"
        if not is_equal:
            found.append((start, end, low, high))
    return found


def _confidences(transcript: ModelTranscript, those: Sequence[str]) -> list[float]:
    """The confidence of each token: of its word, if the words are those of the text, otherwise of the transcript."""
    of_all = UNKNOWN_CONFIDENCE if transcript.confidence is None else transcript.confidence
    by_word = [(token, word.confidence) for word in transcript.words for token in tokens(word.text)]
    if [token for token, _ in by_word] != list(those):
        return [of_all] * len(those)
    return [of_all if confidence is None else confidence for _, confidence in by_word]

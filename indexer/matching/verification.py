"""The check of possible matches against the audio: the texts to score, and what their scores make of a probability.

A speech model scores the transcript with the words of the query in place of what was transcribed against the transcript
as it is. `check_of` writes these texts, and `revised` applies a logistic regression to their scores.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice, product
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hearsay.records.clip import ClipRow
from hearsay.results.text_scores import TextScore, TextScores
from hearsay.text.normalize import token_spans, tokens
from indexer.errors import WrongRequest
from indexer.matching.probability import PossibleMatch
from indexer.query.explanation import Evidence

MOST_CHECKED: Final = 5
"""Possible matches of one search that are checked, the most probable ones."""

MOST_TEXTS: Final = 4
"""Texts of one check: a word may replace what was transcribed in one of several places."""

FEATURES: Final = (
    "log odds before",
    "mean log probability of the tokens of the words in place",
    "least of them",
    "log probability of the text against that of the transcript",
    "mean log probability of the tokens that were transcribed there",
    "mean log probability of the tokens of the transcript",
    "one",
)

SHIPPED: Final = Path(__file__).with_name("verification.json")

_MOST_LOG_ODDS: Final = 14.0
_LEAST_PLACED: Final = -20.0
_MOST_DIFFERENCE: Final = 30.0

_Place = tuple[int, int]
"""First token of a place in a transcript, and the one after the last."""


@dataclass(frozen=True, slots=True)
class Check:
    """What is scored: the ``transcript`` of a passage, and ``texts`` with the words of the query in their place.

    ``start`` and ``end`` of the passage are in seconds in the ``clip``; ``end`` is None if its duration is unknown.
    """

    clip: str
    transcript: str
    texts: tuple[str, ...]
    start: float
    end: float | None


def check_of(possible: PossibleMatch) -> Check | None:
    """The check of a possible match; None if its words have no place in the transcript, or all are in a reference."""
    passage = possible.passage
    lost = [one for one in possible.evidence if one.match not in ("word", "other form", "missing")]
    if not lost or (passage.row.text and passage.is_whole):
        return None
    row = passage.row
    transcribed = tokens(row.generated_text)
    choices = [[(place, one.word) for place in _places(one, row, transcribed)] for one in lost]
    texts = (_placed(row.generated_text, chosen) for chosen in product(*choices))
    found = tuple(islice(dict.fromkeys(filter(None, texts)), MOST_TEXTS))
    end = None if passage.is_whole else passage.end
    return Check(passage.clip, row.generated_text, found, passage.start, end) if found else None


def _places(evidence: Evidence, row: ClipRow, transcribed: Sequence[str]) -> list[_Place]:
    """Where a word may have been said, the most probable place first.

    That is where a second model transcribed it, at what was transcribed, and at the word that it is an alternative of.
    """
    second = [evidence.second.place] if evidence.second and evidence.second.place else []
    others = _matched_places(evidence, transcribed) or _places_of_alternative(evidence.word, row, transcribed)
    return list(dict.fromkeys([*second, *others]))


def _matched_places(evidence: Evidence, transcribed: Sequence[str]) -> list[_Place]:
    if not evidence.matched:
        return []
    size = len(evidence.matched)
    starts = range(len(transcribed) - size + 1)
    return [(at, at + size) for at in starts if tuple(transcribed[at : at + size]) == evidence.matched]


def _places_of_alternative(word: str, row: ClipRow, transcribed: Sequence[str]) -> Iterator[_Place]:
    at = 0
    for one in row.words:
        own = tokens(one.text)
        is_considered = any(word in tokens(other.text) for other in one.alternatives)
        if is_considered and list(transcribed[at : at + len(own)]) == own:
            yield at, at + len(own)
        at += len(own)


def _placed(text: str, chosen: Sequence[tuple[_Place, str]]) -> str | None:
    """The text with each word in its place, those with the same place in their order; None if places overlap."""
    words: dict[_Place, list[str]] = {}
    for place, word in chosen:
        words.setdefault(place, []).append(word)
    spans = token_spans(text)
    written = text
    following = len(spans)
    for first, end in sorted(words, reverse=True):
        if end > following:
            return None
        put = " ".join(words[first, end])
        if first < end:
            written = written[: spans[first][1]] + put + written[spans[end - 1][2] :]
        else:
            at = spans[first][1] if first < len(spans) else len(written)
            written = f"{written[:at]}{put} {written[at:]}" if first < len(spans) else f"{written} {put}".lstrip()
        following = first
    return written


@dataclass(frozen=True, eq=False, slots=True)
class VerificationModel:
    """Logistic regressions over `FEATURES`, and from which revised probability on possible matches are shown.

    ``weights`` are those for one word, and for several, shape (2, features); ``thresholds`` likewise. They hold for the
    scores of one speech ``model``; ``source`` describes what they were fitted on.
    """

    model: str
    weights: NDArray[np.float64]
    thresholds: tuple[float, float]
    source: str

    def threshold(self, words: int) -> float:
        """The least revised probability that is shown for a query of this many words."""
        return self.thresholds[words > 1]

    def probability(self, before: float, scores: TextScores, words: int) -> float:
        """The probability after the check, from the one before, for a query of this many words."""
        log_odds = float(features_of(before, scores) @ self.weights[int(words > 1)])
        return 1 / (1 + math.exp(-max(-_MOST_LOG_ODDS, min(_MOST_LOG_ODDS, log_odds))))

    def to_json(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "source": self.source,
            "features": list(FEATURES),
            "weights": np.round(self.weights, 5).tolist(),
            "thresholds": list(self.thresholds),
        }

    @classmethod
    def from_json(cls, members: Mapping[str, Any]) -> "VerificationModel":
        one, several = map(float, members["thresholds"])
        weights = np.array(members["weights"], np.float64)
        if weights.shape != (2, len(FEATURES)):
            raise WrongRequest("the weights of the check against the audio were written by another version of Hearsay")
        return cls(str(members["model"]), weights, (one, several), str(members["source"]))


@cache
def verification_models() -> Mapping[str, VerificationModel]:
    """The models that ship with Hearsay, by the name of the speech model whose scores they hold for."""
    members = json.loads(SHIPPED.read_text(encoding="utf-8"))
    found = map(VerificationModel.from_json, members)
    return {one.model: one for one in found}


def features_of(before: float, scores: TextScores) -> NDArray[np.float64]:
    """The `FEATURES` of a check, of the text that fits the audio best."""
    best = max(scores.texts, key=lambda text: text.difference)
    return np.array([_log_odds(before), *_figures(best), max(_LEAST_PLACED, scores.transcript), 1.0])


def _figures(text: TextScore) -> tuple[float, float, float, float]:
    replaced = text.replaced or text.placed
    return (
        max(_LEAST_PLACED, text.placed.mean),
        max(_LEAST_PLACED, text.placed.least),
        max(-_MOST_DIFFERENCE, min(_MOST_DIFFERENCE, text.difference)),
        max(_LEAST_PLACED, replaced.mean),
    )


def _log_odds(probability: float) -> float:
    least = 1 / (1 + math.exp(_MOST_LOG_ODDS))
    probability = min(1 - least, max(least, probability))
    return math.log(probability / (1 - probability))


def revised(possible: PossibleMatch, scores: TextScores, words: int) -> PossibleMatch:
    """The possible match of a query of this many words with its probability after the check.

    Raises `WrongRequest` if there are no weights for the speech model that scored it.
    """
    model = verification_model(scores.model)
    return replace(possible, probability=model.probability(possible.probability, scores, words))


def verification_model(speech_model: str) -> VerificationModel:
    """The model for the scores of a speech model; raises `WrongRequest` if there is none."""
    if (model := verification_models().get(speech_model)) is None:
        known = " or ".join(verification_models())
        raise WrongRequest(f"possible matches cannot be checked with {speech_model}; use {known}")
    return model

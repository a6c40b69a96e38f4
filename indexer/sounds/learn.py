"""Learning: sound tables from clips whose transcripts stand beside what was really said."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clips.normalise import tokens
from clips.row import ClipRow
from indexer.errors import WrongRequest
from indexer.sounds.alphabets import letters, plain
from indexer.sounds.confusions import Stretch, learned, letter_prior, phoneme_prior, stretches
from indexer.sounds.distance import Costs
from indexer.sounds.guesses import FEATURES, Guesser
from indexer.sounds.lexicon import Lexicon
from indexer.sounds.spelling import Spelling
from indexer.sounds.tables import Tables
from indexer.sounds.tally import Tally

SHORTEST: Final = 4
"""Letters of a word that is learned from."""

RAREST_SHARE: Final = 0.08
"""A word that more of the references have is not learned from: it is not the kind that people search for."""

PENALTY: Final = 1 / 0.3
"""Of large weights (L2), in the regression over features of mean 0 and deviation 1."""

ROUNDS: Final = 30

FEWEST: Final = 20
"""Clips with a misheard word below which nothing can be learned."""


@dataclass(frozen=True, slots=True)
class Clip:
    """What was said in a clip and what was heard, as tokens."""

    said: tuple[str, ...]
    heard: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Examples:
    """Candidates as the regression sees them: of ``weights`` clips that have one, in ``labels`` the word was said."""

    features: NDArray[np.float64]
    labels: NDArray[np.float64]
    weights: NDArray[np.float64]


def learn(
    rows: Iterable[ClipRow],
    spelling: Spelling,
    source: str,
    lexicon: Lexicon | None = None,
    step: Callable[[int, int], None] | None = None,
) -> Tables:
    """The tables of rows with references and transcripts; a row that lacks one is passed over.

    ``lexicon`` is that of the index to be searched, by default that of the rows themselves; ``step`` is told how many
    words of how many were looked at. Raises `WrongRequest` where fewer than `FEWEST` clips hold a mishearing.
    """
    clips = [
        Clip(tuple(tokens(row.text)), tuple(tokens(row.generated_text)))
        for row in rows
        if row.text and row.generated_text
    ]
    misheard = [stretch for clip in clips for stretch in stretches(clip.said, clip.heard)]
    if len(misheard) < FEWEST:
        raise WrongRequest(
            f"{len(clips)} clips have both text and generated_text, with {len(misheard)} mishearings between them; "
            f"learning takes at least {FEWEST}"
        )
    lexicon = lexicon or _lexicon(clips, spelling)
    phonemes, spelled = _phoneme_costs(clips, misheard, spelling), _letter_costs(clips, misheard)
    tables = Tables(phonemes, spelled, np.zeros((2, len(FEATURES))), lexicon.passages, source)
    words, pairs = _examples(clips, Guesser(lexicon, tables, spelling), step or _untold)
    return replace(tables, weights=np.stack([regression(words), regression(pairs)]))


def _untold(_done: int, _total: int) -> None:
    """Nobody wants to know how far it is."""


def _lexicon(clips: Sequence[Clip], spelling: Spelling) -> Lexicon:
    tally = Tally()
    for clip in clips:
        tally.add(" ".join(clip.heard))
    return Lexicon.of(tally, spelling)


def _phoneme_costs(clips: Sequence[Clip], misheard: Sequence[Stretch], spelling: Spelling) -> Costs:
    def sound(words: Iterable[str]) -> bytes:
        return b"".join(next(iter(spelling.pronunciations(plain(word))), b"") for word in words)

    pairs = [(sound(said.split()), sound(heard.split())) for said, heard in misheard]
    seen = Counter(symbol for clip in clips for symbol in sound(clip.said))
    return learned([pair for pair in pairs if pair[0] != pair[1]], seen, phoneme_prior())


def _letter_costs(clips: Sequence[Clip], misheard: Sequence[Stretch]) -> Costs:
    pairs = [(letters(plain(said)), letters(plain(heard))) for said, heard in misheard]
    seen = Counter(symbol for clip in clips for symbol in letters(plain(" ".join(clip.said))))
    return learned(pairs, seen, letter_prior())


def _examples(clips: Sequence[Clip], guesser: Guesser, step: Callable[[int, int], None]) -> tuple[Examples, Examples]:
    """For each word that was said and each candidate for it: in how many clips with the candidate it was said.

    Clips that have the word as heard are no evidence, since nobody guesses there.
    """
    lexicon = guesser.lexicon
    said_in, heard_in = _clips_by_word(clip.said for clip in clips), _clips_by_word(clip.heard for clip in clips)
    most = RAREST_SHARE * len(clips)
    asked = sorted(word for word, places in said_in.items() if len(word) >= SHORTEST and len(places) < most)
    found: list[list[tuple[NDArray[np.float64], float, float]]] = [[], []]
    for done, word in enumerate(asked, 1):
        for kind, entries in zip(found, (lexicon.single, lexicon.double), strict=True):
            candidates = guesser.candidates(word, entries)
            for row, features in zip(candidates.rows, candidates.features, strict=True):
                members = [lexicon.words[number] for number in entries.members[row]]
                places = _places(members, heard_in, clips) - heard_in.get(word, frozenset())
                right = len(places & said_in[word])
                counts = ((1.0, right), (0.0, len(places) - right))
                kind += [(features, label, times) for label, times in counts if times]
        step(done, len(asked))
    words, pairs = (_as_arrays(kind) for kind in found)
    return words, pairs


def _as_arrays(found: Sequence[tuple[NDArray[np.float64], float, float]]) -> Examples:
    return Examples(
        np.array([features for features, _, _ in found]).reshape(-1, len(FEATURES)),
        np.array([label for _, label, _ in found]),
        np.array([times for _, _, times in found]),
    )


def _clips_by_word(transcripts: Iterable[Sequence[str]]) -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for number, words in enumerate(transcripts):
        for word in words:
            found[word].add(number)
    return {word: frozenset(numbers) for word, numbers in found.items()}


def _places(members: Sequence[str], heard_in: dict[str, frozenset[int]], clips: Sequence[Clip]) -> frozenset[int]:
    """The clips that have a word, or both of a pair side by side."""
    places = frozenset.intersection(*(heard_in.get(word, frozenset()) for word in members))
    if len(members) == 1:
        return places
    first, second = members
    return frozenset(place for place in places if (first, second) in pairwise(clips[place].heard))


def regression(examples: Examples) -> NDArray[np.float64]:
    """The weights of a logistic regression with an L2 penalty on all but the last feature, which is one.

    Newton's method (iteratively reweighted least squares) over features brought to mean 0 and deviation 1; the weights
    that come back are for the features as they are. Without an example all weights are 0 but the last, which is -20.
    """
    if not len(examples.labels):
        return np.concatenate([np.zeros(len(FEATURES) - 1), [-20.0]])
    mean, deviation = examples.features.mean(axis=0), examples.features.std(axis=0)
    varies = deviation > 1e-9
    scaled = np.where(varies, (examples.features - mean) / np.where(varies, deviation, 1), 0.0)
    scaled[:, -1] = 1.0
    penalty = np.diag([PENALTY] * (len(FEATURES) - 1) + [1e-9])
    weights = np.zeros(len(FEATURES))
    for _ in range(ROUNDS):
        expected = 1 / (1 + np.exp(-np.clip(scaled @ weights, -30, 30)))
        gradient = scaled.T @ (examples.weights * (expected - examples.labels)) + penalty @ weights
        curvature = (scaled.T * (examples.weights * expected * (1 - expected))) @ scaled + penalty
        weights -= np.linalg.solve(curvature + 1e-9 * np.eye(len(weights)), gradient)
    plain_weights = np.where(varies, weights / np.where(varies, deviation, 1), 0.0)
    plain_weights[-1] = weights[-1] - plain_weights[:-1] @ mean[:-1]
    return plain_weights

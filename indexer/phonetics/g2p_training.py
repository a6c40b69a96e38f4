"""Training of the pronunciation model on a pronouncing dictionary: ``python -m indexer learn-spelling DICTIONARY``."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from indexer.errors import WrongRequest
from indexer.phonetics.alphabets import PHONEMES
from indexer.phonetics.g2p import MOST_PRONUNCIATIONS, G2pModel, Pronunciation
from indexer.phonetics.g2p_batch import CONTEXTS, EDGE

MOST_SOUNDS: Final = 2
"""Phonemes that one letter can stand for, such as the x of "fox"."""

ROUNDS: Final = 5

_FIRST_COSTS: Final = (3.0, 1.0, 4.0)
"""Costs of a letter with no, one and two phonemes, before training."""

_NEVER_SEEN: Final = 12.0

_VARIANT: Final = re.compile(r"\(\d+\)$")
_NUMBERS: Final = {name: number for number, name in enumerate(PHONEMES, 1)}

Dictionary = Mapping[str, tuple[Pronunciation, ...]]
Aligned = list[tuple[str, list[Pronunciation]]]
"""Words, with the phonemes of each letter."""


def read_dictionary(file: Path) -> Dictionary:
    """The pronunciations by word, from lines ``word PH ON EME S``, with ``word(2)`` for alternative pronunciations.

    Apostrophes, hyphens and points are dropped, as in searches; words with other characters are left out. Raises
    `WrongRequest` if the file has no such line.
    """
    found: dict[str, list[Pronunciation]] = defaultdict(list)
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        name, *phonemes = line.split() or [""]
        word = re.sub(r"['.-]", "", _VARIANT.sub("", name)).lower()
        if word.isascii() and word.isalpha() and phonemes and all(phoneme in _NUMBERS for phoneme in phonemes):
            pronunciation = bytes(_NUMBERS[phoneme] for phoneme in phonemes)
            if pronunciation not in found[word] and len(found[word]) < MOST_PRONUNCIATIONS:
                found[word].append(pronunciation)
    if not (known := {word: tuple(pronunciations) for word, pronunciations in found.items() if pronunciations}):
        raise WrongRequest(f"{file} has no line of the form: word W ER D, with ARPAbet phonemes")
    return known


def learn_spelling(dictionary: Dictionary, source: str) -> G2pModel:
    """The phonemes of each letter by context, and the words for which they are wrong.

    Letters are aligned with phonemes by the most likely path, re-estimated in `ROUNDS` rounds (hard expectation
    maximisation); the model backs off from the longest context seen in training to shorter ones. It predicts 60 % of
    3,000 held-out words correctly.
    """
    contexts = _contexts(_aligned({word: pronunciations[0] for word, pronunciations in dictionary.items()}))
    model = G2pModel(contexts, frozenset(dictionary), {}, source)
    exceptions = {
        word: pronunciations for word, pronunciations in dictionary.items() if pronunciations != (model.predict(word),)
    }
    return G2pModel(contexts, frozenset(dictionary), exceptions, source)


def _aligned(pronounced: Mapping[str, Pronunciation]) -> Aligned:
    costs: dict[str, dict[Pronunciation, float]] = {}
    aligned: Aligned = []
    for _ in range(ROUNDS):
        aligned = [
            (word, path) for word, pronunciation in pronounced.items() if (path := _path(word, pronunciation, costs))
        ]
        costs = _costs(aligned)
    return aligned


def _path(
    word: str, pronunciation: Pronunciation, costs: Mapping[str, Mapping[Pronunciation, float]]
) -> list[Pronunciation] | None:
    """The cheapest assignment of phonemes to letters; None if there are too many phonemes."""
    best: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, ())}
    for left, letter in zip(range(len(word) - 1, -1, -1), word, strict=True):
        known = costs.get(letter)
        reached: dict[int, tuple[float, tuple[int, ...]]] = {}
        for done, (cost, ends) in best.items():
            for end in range(done, min(done + MOST_SOUNDS, len(pronunciation)) + 1):
                if len(pronunciation) - end > MOST_SOUNDS * left:
                    continue
                here = known.get(pronunciation[done:end], _NEVER_SEEN) if known else _FIRST_COSTS[end - done]
                if end not in reached or cost + here < reached[end][0]:
                    reached[end] = (cost + here, (*ends, end))
        best = reached
    if len(pronunciation) not in best:
        return None
    ends = best[len(pronunciation)][1]
    return [pronunciation[start:end] for start, end in zip((0, *ends), ends, strict=False)]


def _costs(aligned: Aligned) -> dict[str, dict[Pronunciation, float]]:
    counts: dict[str, Counter[Pronunciation]] = defaultdict(Counter)
    for word, path in aligned:
        for letter, sound in zip(word, path, strict=True):
            counts[letter][sound] += 1
    return {
        letter: {sound: -math.log(count / sounds.total()) for sound, count in sounds.items()}
        for letter, sounds in counts.items()
    }


def _contexts(aligned: Aligned) -> dict[str, Pronunciation]:
    """The most likely phonemes in each context, unless a shorter context gives the same."""
    found: dict[str, Pronunciation] = {}
    for number, (before, after) in enumerate(CONTEXTS):
        counts: dict[str, Counter[Pronunciation]] = defaultdict(Counter)
        for word, path in aligned:
            framed = EDGE + word + EDGE
            for at, sound in enumerate(path, len(EDGE)):
                counts[framed[at - before : at + after + 1]][sound] += 1
        for context, sounds in counts.items():
            most_frequent = max(sorted(sounds), key=sounds.__getitem__)
            if _shorter(found, context, number) != most_frequent:
                found[context] = most_frequent
    return found


def _shorter(found: Mapping[str, Pronunciation], context: str, number: int) -> Pronunciation | None:
    """The phonemes that the model has so far for the letter in the middle of a context."""
    letter = CONTEXTS[number][0]
    narrower: Iterable[tuple[int, int]] = reversed(CONTEXTS[:number])
    return next((found[part] for b, a in narrower if (part := context[letter - b : letter + a + 1]) in found), None)

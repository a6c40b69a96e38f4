"""Confusion costs of phonemes and of letters, learned from references and the transcripts of them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from indexer.phonetics.alphabets import LETTER_COUNT, PHONEME_COUNT, VOWELS, letters
from indexer.phonetics.edit_distance import Costs

ROUNDS: Final = 2
"""Rounds of alignment and estimation."""

PRIOR_WEIGHT: Final = 8.0
"""Number of observations of each symbol that the prior counts for."""

PRIOR_SHARPNESS: Final = 4.0
"""Factor between the costs of the prior and the logarithms of its probabilities."""

_LARGEST: Final = 9.0
"""Maximum cost of a confusion, in nats."""

_UNIT: Final = 6.0
"""Nats per unit of cost."""

SymbolPair = tuple[bytes, bytes]
"""The symbols of some reference words, and of the words recognised in their place."""


def letter_prior() -> Costs:
    """Costs of letter confusions before training; vowels are cheaper to confuse with each other."""
    costs = np.ones((LETTER_COUNT, LETTER_COUNT), np.float32)
    vowels = list(letters("aeiouy"))
    costs[np.ix_(vowels, vowels)] = 0.6
    np.fill_diagonal(costs, 0)
    return costs


def phoneme_prior() -> Costs:
    """Costs of phoneme confusions before training; lower among vowels and among consonants."""
    is_vowel = np.isin(np.arange(PHONEME_COUNT), list(VOWELS))
    costs = np.where(is_vowel[:, None] == is_vowel, 0.7, 1.2).astype(np.float32)
    costs[0, :] = costs[:, 0] = 0.8
    np.fill_diagonal(costs, 0)
    return costs


def learned_costs(pairs: Mapping[SymbolPair, int], occurrences: Counter[int], prior: Costs) -> Costs:
    """The costs estimated from confused symbol strings, shape (symbols, symbols).

    ``pairs`` counts the confused strings, and ``occurrences`` all symbols of the references, correct ones included. A
    cost is the negative logarithm of the relative frequency of a confusion, smoothed with `PRIOR_WEIGHT` observations
    of the prior, minus that of recognising the symbol correctly, in units of six nats. It is estimated in `ROUNDS`
    rounds, each of which aligns the strings by the costs of the previous one.
    """
    costs = prior
    belief = np.exp(-PRIOR_SHARPNESS * prior.astype(float))
    belief /= belief.sum(axis=1, keepdims=True)
    total = np.array([occurrences[symbol] if symbol else occurrences.total() for symbol in range(len(prior))], float)
    for _ in range(ROUNDS):
        counts = PRIOR_WEIGHT * belief
        table = costs.tolist()
        for (reference, recognised), times in pairs.items():
            for symbol, other in _alignment(reference, recognised, table):
                counts[symbol, other] += times * (symbol != other)
        np.fill_diagonal(counts, PRIOR_WEIGHT * belief.diagonal() + total)
        nats = -np.log(counts / counts.sum(axis=1, keepdims=True))
        costs = (np.clip(nats - nats.diagonal()[:, None], 0, _LARGEST) / _UNIT).astype(np.float32)
    return costs


def _alignment(reference: bytes, recognised: bytes, costs: list[list[float]]) -> Iterator[tuple[int, int]]:
    """The symbols of the cheapest alignment, last to first; 0 stands for an insertion or a deletion."""
    table = [[0.0]]
    for symbol in recognised:
        table[0].append(table[0][-1] + costs[0][symbol])
    for wanted in reference:
        above, row = table[-1], [table[-1][0] + costs[wanted][0]]
        for column, symbol in enumerate(recognised, 1):
            substituted = above[column - 1] + costs[wanted][symbol]
            row.append(min(substituted, above[column] + costs[wanted][0], row[-1] + costs[0][symbol]))
        table.append(row)
    at, column = len(reference), len(recognised)
    while at or column:
        here = table[at][column]
        if at and column and here == table[at - 1][column - 1] + costs[reference[at - 1]][recognised[column - 1]]:
            at, column = at - 1, column - 1
            yield reference[at], recognised[column]
        elif at and here == table[at - 1][column] + costs[reference[at - 1]][0]:
            at -= 1
            yield reference[at], 0
        else:
            column -= 1
            yield 0, recognised[column]

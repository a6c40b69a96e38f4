"""Confusions: what it costs to take one symbol for another, learned from what was said and what was heard."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

import numpy as np

from hearsay.text.wer import align
from indexer.phonetics.alphabets import LETTER_COUNT, PHONEME_COUNT, VOWELS, letters
from indexer.phonetics.edit_distance import Costs

ROUNDS: Final = 2

PRIOR_WEIGHT: Final = 8.0
"""Times that the prior counts as seen for each symbol."""

PRIOR_SHARPNESS: Final = 4.0

_LARGEST: Final = 9.0
"""Nats beyond which a confusion is as good as impossible."""

_UNIT: Final = 6.0
"""Nats that count as one."""

Stretch = tuple[str, str]
"""Words that were said and the words heard in their place, each joined by spaces."""


def stretches(said: Sequence[str], heard: Sequence[str]) -> Iterator[Stretch]:
    """Where two transcripts differ, with nothing of where they agree."""
    for is_equal, edits in groupby(align(said, heard), key=lambda edit: edit.operation == "equal"):
        if not is_equal:
            run = list(edits)
            yield (
                " ".join(edit.reference for edit in run if edit.reference),
                " ".join(edit.hypothesis for edit in run if edit.hypothesis),
            )


def letter_prior() -> Costs:
    """What letters cost before anything is known: less from vowel to vowel."""
    costs = np.ones((LETTER_COUNT, LETTER_COUNT), np.float32)
    vowels = list(letters("aeiouy"))
    costs[np.ix_(vowels, vowels)] = 0.6
    np.fill_diagonal(costs, 0)
    return costs


def phoneme_prior() -> Costs:
    """What phonemes cost before anything is known: less within the vowels and within the consonants."""
    is_vowel = np.isin(np.arange(PHONEME_COUNT), list(VOWELS))
    costs = np.where(is_vowel[:, None] == is_vowel, 0.7, 1.2).astype(np.float32)
    costs[0, :] = costs[:, 0] = 0.8
    np.fill_diagonal(costs, 0)
    return costs


def learned(pairs: Sequence[tuple[bytes, bytes]], seen: Counter[int], prior: Costs) -> Costs:
    """The costs that explain ``pairs`` of what was said and heard, in which ``seen`` symbols were said in all.

    The negative logarithm of how often each symbol was taken for each other, smoothed by `PRIOR_WEIGHT` sights of the
    prior, less that of hearing it right, in units of six nats. Estimated `ROUNDS` times, each aligning by the last.
    """
    costs = prior
    belief = np.exp(-PRIOR_SHARPNESS * prior.astype(float))
    belief /= belief.sum(axis=1, keepdims=True)
    right = np.array([seen[symbol] if symbol else seen.total() for symbol in range(len(prior))], float)
    for _ in range(ROUNDS):
        counts = PRIOR_WEIGHT * belief
        for (said, heard), times in Counter(_all_steps(pairs, costs)).items():
            counts[said, heard] += times * (said != heard)
        np.fill_diagonal(counts, PRIOR_WEIGHT * belief.diagonal() + right)
        nats = -np.log(counts / counts.sum(axis=1, keepdims=True))
        costs = (np.clip(nats - nats.diagonal()[:, None], 0, _LARGEST) / _UNIT).astype(np.float32)
    return costs


def _all_steps(pairs: Iterable[tuple[bytes, bytes]], costs: Costs) -> Iterator[tuple[int, int]]:
    table = costs.tolist()
    for said, heard in pairs:
        yield from _steps(said, heard, table)


def _steps(said: bytes, heard: bytes, costs: list[list[float]]) -> Iterator[tuple[int, int]]:
    """The cheapest alignment, from its end; 0 stands for nothing said or nothing heard."""
    table = [[0.0]]
    for symbol in heard:
        table[0].append(table[0][-1] + costs[0][symbol])
    for wanted in said:
        above, row = table[-1], [table[-1][0] + costs[wanted][0]]
        for column, symbol in enumerate(heard, 1):
            changed = above[column - 1] + costs[wanted][symbol]
            row.append(min(changed, above[column] + costs[wanted][0], row[-1] + costs[0][symbol]))
        table.append(row)
    at, column = len(said), len(heard)
    while at or column:
        here = table[at][column]
        if at and column and here == table[at - 1][column - 1] + costs[said[at - 1]][heard[column - 1]]:
            at, column = at - 1, column - 1
            yield said[at], heard[column]
        elif at and here == table[at - 1][column] + costs[said[at - 1]][0]:
            at -= 1
            yield said[at], 0
        else:
            column -= 1
            yield 0, heard[column]

"""Greedy CTC decoding: from frame probabilities to runs of tokens, and from runs to words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

WORD_START: Final = "▁"
"""The mark of a token that starts a word, in sentencepiece vocabularies."""


@dataclass(frozen=True, slots=True)
class CtcVocabulary:
    """A vocabulary: the token of each id, with "" for tokens that are not written, such as the blank."""

    tokens: tuple[str, ...]
    delimiter: str
    blank: int


@dataclass(frozen=True, slots=True)
class TokenRun:
    """A token that spans the frames from ``first`` to ``last`` inclusive, and its mean probability in them."""

    token: str
    first: int
    last: int
    probability: float

    @property
    def frames(self) -> int:
        return self.last + 1 - self.first


def runs_of(probabilities: NDArray[np.float32], vocabulary: CtcVocabulary) -> Iterator[TokenRun]:
    """Greedy CTC decoding (Graves et al. 2006): the best token of each frame, repetitions merged, no blanks."""
    likeliest, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    edges = np.flatnonzero(np.diff(likeliest, prepend=-1, append=-1)).tolist()
    for first, end in pairwise(edges):
        if token := vocabulary.tokens[likeliest[first]]:
            yield TokenRun(token, first, end - 1, float(sure[first:end].mean()))


def words_of(runs: Iterable[TokenRun], delimiter: str) -> Iterator[list[TokenRun]]:
    """The runs of each word, without the delimiters between them."""
    word: list[TokenRun] = []
    for run in runs:
        if word and (run.token == delimiter or run.token.startswith(WORD_START)):
            yield word
            word = []
        if run.token != delimiter:
            word.append(run)
    if word:
        yield word


def text_of(tokens: Iterable[str]) -> str:
    """The word that tokens spell."""
    return "".join(tokens).removeprefix(WORD_START)

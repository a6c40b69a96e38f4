"""Greedy CTC decoding: from the frames of many pieces of audio to words, with times and confidences."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

WORD_START: Final = "▁"
"""The prefix of tokens that start a word, in sentencepiece vocabularies."""

Numbers = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class CtcVocabulary:
    """The text of each token id; "" for ids that produce no text, such as the blank.

    The arrays have one value per id: whether it produces text, whether it is the delimiter, whether it starts a word,
    and one representative id for ids with the same token. If ``is_phonemic``, the tokens are phones,
    and each is a word.
    """

    tokens: tuple[str, ...]
    delimiter: str
    blank: int
    is_phonemic: bool = False
    is_written: NDArray[np.bool_] = field(init=False, repr=False, compare=False)
    is_delimiter: NDArray[np.bool_] = field(init=False, repr=False, compare=False)
    is_start: NDArray[np.bool_] = field(init=False, repr=False, compare=False)
    canonical: Numbers = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ids = {token: number for number, token in enumerate(self.tokens)}
        for name, values in {
            "is_written": np.array([bool(token) for token in self.tokens]),
            "is_delimiter": np.array([token == self.delimiter for token in self.tokens]),
            "is_start": np.array(
                [bool(token) and (self.is_phonemic or token.startswith(WORD_START)) for token in self.tokens]
            ),
            "canonical": np.array([ids[token] for token in self.tokens], np.intp),
        }.items():
            object.__setattr__(self, name, values)

    @property
    def spells_uniquely(self) -> bool:
        """Whether different sequences of tokens always spell different words."""
        return all(len(token) < 2 for token in self.tokens) and not self.is_start.any()


@dataclass(frozen=True, slots=True)
class Frames:
    """The concatenated frames of many pieces.

    ``probabilities`` has the shape (frames, tokens), ``best`` is the most probable token of each frame, and ``sure``
    its probability. Piece ``n`` has the frames ``edges[n]:edges[n + 1]``.
    """

    probabilities: NDArray[np.float32]
    edges: Numbers
    best: Numbers
    sure: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class DecodedWords:
    """Words as runs of equal tokens: word ``n`` has the runs ``begins[n]:begins[n + 1]``.

    A run has the frames ``first:end``, and ``sure`` is the mean probability of its token in them. A word has the frames
    ``lefts:rights``, including the blanks on both sides.
    """

    token: Numbers
    first: Numbers
    end: Numbers
    sure: NDArray[np.float32]
    begins: Numbers
    piece: Numbers
    lefts: Numbers
    rights: Numbers

    def __len__(self) -> int:
        return len(self.piece)

    @property
    def lengths(self) -> Numbers:
        """The number of tokens of each word."""
        return np.diff(self.begins)

    def texts(self, vocabulary: CtcVocabulary) -> list[str]:
        tokens = [vocabulary.tokens[number] for number in self.token.tolist()]
        return [text_of(tokens[first:end]) for first, end in pairwise(self.begins.tolist())]

    def confidences(self) -> list[float]:
        """The mean probability of each word's tokens over their frames."""
        frames = self.end - self.first
        sums = (self.sure.astype(np.float64) * frames).tolist()
        counts = np.add.reduceat(frames, self.begins[:-1]).tolist() if len(self) else []
        words = zip(pairwise(self.begins.tolist()), counts, strict=True)
        return [sum(sums[first:end]) / count for (first, end), count in words]


def frames_of(probabilities: NDArray[np.float32], counts: Sequence[int]) -> Frames:
    """The frames of pieces that are concatenated in ``probabilities``; ``counts`` are their numbers of frames."""
    best = probabilities.argmax(axis=1)
    edges = np.concatenate([[0], np.cumsum(counts, dtype=np.intp)]).astype(np.intp)
    return Frames(probabilities, edges, best, probabilities[np.arange(len(best)), best])


def decode(frames: Frames, vocabulary: CtcVocabulary) -> DecodedWords:
    """Greedy CTC decoding (Graves et al. 2006): best token of each frame, repetitions collapsed, blanks removed."""
    starts = np.ones(len(frames.best), bool)  # a run starts if the best token changes, or another piece begins
    np.not_equal(frames.best[1:], frames.best[:-1], out=starts[1:])
    starts[frames.edges[:-1][frames.edges[:-1] < len(starts)]] = True
    firsts = np.flatnonzero(starts)
    ends = np.append(firsts[1:], len(frames.best)).astype(np.intp)
    written = np.flatnonzero(vocabulary.is_written[frames.best[firsts]])
    if not len(written):
        nothing = np.zeros(0, np.intp)
        none = np.zeros(0, np.float32)
        return DecodedWords(nothing, nothing, nothing, none, np.zeros(1, np.intp), nothing, nothing, nothing)
    sure = _means(frames.sure, firsts, ends)
    return _words(frames, vocabulary, firsts[written], ends[written], sure[written])


def _means(values: NDArray[np.float32], firsts: Numbers, ends: Numbers) -> NDArray[np.float32]:
    """The mean of each range, bit for bit equal to `numpy.mean`, which adds the values to a zero."""
    numbers = np.arange(len(firsts))
    behind_zeros = np.zeros(len(values) + len(firsts), np.float32)
    behind_zeros[np.arange(len(values)) + np.repeat(numbers, ends - firsts) + 1] = values
    sums: NDArray[np.float32] = np.add.reduceat(behind_zeros, firsts + numbers)
    return np.divide(sums, (ends - firsts).astype(np.float32), dtype=np.float32)


def _words(
    frames: Frames, vocabulary: CtcVocabulary, first: Numbers, end: Numbers, sure: NDArray[np.float32]
) -> DecodedWords:
    """The words of at least one run that produces text; delimiters are among these runs."""
    token = frames.best[first]
    piece = np.searchsorted(frames.edges, first, "right") - 1
    is_next = np.append(False, piece[1:] == piece[:-1])  # in the same piece as the run before
    lefts = np.where(is_next, np.append(0, end[:-1]), frames.edges[piece])
    rights = np.where(np.append(is_next[1:], False), np.append(first[1:], 0), frames.edges[piece + 1])
    is_delimiter = vocabulary.is_delimiter[token]
    begins_word = ~is_next | np.append(True, is_delimiter[:-1]) | vocabulary.is_start[token]
    kept = np.flatnonzero(~is_delimiter)
    begins = np.flatnonzero(begins_word[kept])
    lasts = np.append(begins[1:], len(kept))[: len(begins)] - 1
    return DecodedWords(
        token[kept],
        first[kept],
        end[kept],
        sure[kept],
        np.append(begins, len(kept)),
        piece[kept[begins]],
        lefts[kept[begins]],
        rights[kept[lasts]],
    )


def text_of(tokens: Sequence[str]) -> str:
    """The word that a sequence of tokens spells."""
    return "".join(tokens).removeprefix(WORD_START)

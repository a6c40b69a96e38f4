"""A plain CTC decoder, which processes frames, runs and words one by one: the reference for `asr.speech.ctc_decoding`.

Hearsay used it until decoding was vectorised. Tests compare the words of both, and `bench/ctc_words.py` their
speed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import ctc_loss

from asr.speech.alternatives import most_confident
from asr.speech.ctc_alternatives import MAX_TOKENS, MIN_PROBABILITY
from asr.speech.ctc_decoding import WORD_START, CtcVocabulary
from asr.types import SAMPLE_RATE
from hearsay.records.transcript import Word

MAX_ALTERNATIVES = 3


def plain_words(
    logits: torch.Tensor, vocabulary: CtcVocabulary, start: int, end: int, samples_a_frame: float
) -> list[Word]:
    """The words of a piece from sample ``start`` to ``end``, with times, confidences and alternatives."""
    probabilities = logits.softmax(-1).numpy()
    written = list(words_of(runs_of(probabilities, vocabulary), vocabulary.delimiter))
    nearly = [respellings(word_frames(probabilities, runs, vocabulary), vocabulary) for runs in written]
    texts = [text_of(run.token for run in runs) for runs in written]
    alternatives = most_confident(texts, nearly, MAX_ALTERNATIVES)
    return [
        Word(
            text,
            (start + runs[0].first * samples_a_frame) / SAMPLE_RATE,
            min(start + (runs[-1].last + 1) * samples_a_frame, end) / SAMPLE_RATE,
            sum(run.probability * run.frames for run in runs) / sum(run.frames for run in runs),
            others,
        )
        for text, runs, others in zip(texts, written, alternatives, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class TokenRun:
    """A run of a token over the frames from ``first`` to ``last``, inclusive, and its mean probability in them."""

    token: str
    first: int
    last: int
    probability: float

    @property
    def frames(self) -> int:
        return self.last + 1 - self.first


def runs_of(probabilities: NDArray[np.float32], vocabulary: CtcVocabulary) -> Iterator[TokenRun]:
    """Greedy CTC decoding (Graves et al. 2006): the best token of each frame, repetitions collapsed, blanks removed."""
    best_tokens, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    edges = np.flatnonzero(np.diff(best_tokens, prepend=-1, append=-1)).tolist()
    for first, end in pairwise(edges):
        if token := vocabulary.tokens[best_tokens[first]]:
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
    """The word that the tokens spell."""
    return "".join(tokens).removeprefix(WORD_START)


@dataclass(frozen=True, slots=True)
class WordFrames:
    """The frames of one word: probabilities of shape (frames, tokens), and its runs, counted from the first of them."""

    probabilities: NDArray[np.float32]
    runs: tuple[TokenRun, ...]


def word_frames(probabilities: NDArray[np.float32], runs: Sequence[TokenRun], vocabulary: CtcVocabulary) -> WordFrames:
    """A word's frames in those of its piece: from its first letter to its last, and the blanks on either side."""
    is_blank = np.array([not token for token in vocabulary.tokens])[probabilities.argmax(axis=1)]
    first, end = runs[0].first, runs[-1].last + 1
    while first and is_blank[first - 1]:
        first -= 1
    while end < len(is_blank) and is_blank[end]:
        end += 1
    moved = (TokenRun(run.token, run.first - first, run.last - first, run.probability) for run in runs)
    return WordFrames(probabilities[first:end], tuple(moved))


def respellings(frames_of_word: WordFrames, vocabulary: CtcVocabulary) -> dict[str, float]:
    """The alternative spellings that the frames of one word support, with the share of each, 0..1.

    The candidates differ from the decoded word in one token: if a second token of a frame has a probability of at least
    `MIN_PROBABILITY`, it replaces the run in that frame, the run is removed (if the token is the blank), or the token
    is inserted between runs (if the blank was decoded). The probability of a spelling is the sum over all paths through
    these frames that spell it (the forward variables of Graves et al. 2006); its share is that probability divided by
    the sum over the decoded word and all candidates. Empty if the model is sure of every frame, and for words of more
    than `MAX_TOKENS` tokens. Shares are derived from single frames and are not calibrated.
    """
    decoded = tuple(run.token for run in frames_of_word.runs)
    if len(decoded) > MAX_TOKENS:
        return {}
    spellings = [decoded, *sorted(set(_candidates(frames_of_word, vocabulary)) - {decoded, ()})]
    if len(spellings) == 1:
        return {}
    shares: dict[str, float] = {}
    probabilities = _probabilities_of(spellings, frames_of_word.probabilities, vocabulary)
    for tokens, probability in zip(spellings, probabilities / probabilities.sum(), strict=True):
        word = text_of(tokens)
        shares[word] = shares.get(word, 0.0) + float(probability)
    return {word: share for word, share in shares.items() if word not in ("", text_of(decoded))}


def _candidates(frames_of_word: WordFrames, vocabulary: CtcVocabulary) -> Iterator[tuple[str, ...]]:
    """The candidates, with duplicates, except those that would split the word or join it with the previous one."""
    decoded = tuple(run.token for run in frames_of_word.runs)
    starts = _starts(decoded)
    best_tokens = frames_of_word.probabilities.argmax(axis=1)
    for frame, number in np.argwhere(frames_of_word.probabilities >= MIN_PROBABILITY).tolist():
        token = vocabulary.tokens[number]
        if number != best_tokens[frame] and token != vocabulary.delimiter:
            before = sum(run.last < frame for run in frames_of_word.runs)
            is_within = any(run.first <= frame <= run.last for run in frames_of_word.runs)
            inserted = (token,) if token else ()
            tokens = (*decoded[:before], *inserted, *decoded[before + is_within :])
            if _starts(tokens) == starts:
                yield tokens


def _starts(tokens: Sequence[str]) -> list[int]:
    return [at for at, token in enumerate(tokens) if token.startswith(WORD_START)]


def _probabilities_of(
    spellings: Sequence[tuple[str, ...]], probabilities: NDArray[np.float32], vocabulary: CtcVocabulary
) -> NDArray[np.float64]:
    """The probability of each spelling, up to a common factor; shape (spellings,)."""
    numbers = {token: number for number, token in enumerate(vocabulary.tokens)}
    targets = torch.tensor([numbers[token] for tokens in spellings for token in tokens])
    frames = torch.from_numpy(probabilities).double().clamp_min(1e-30).log()
    losses = ctc_loss(
        frames[:, None].expand(-1, len(spellings), -1).contiguous(),
        targets,
        torch.full((len(spellings),), len(frames)),
        torch.tensor(list(map(len, spellings))),
        blank=vocabulary.blank,
        reduction="none",
    )
    likelihoods: NDArray[np.float64] = (losses.min() - losses).exp().numpy()
    return likelihoods

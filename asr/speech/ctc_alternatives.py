"""Alternatives of a CTC model's words: one token of a decoded word replaced, removed or inserted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asr.speech.ctc_decoding import WORD_START, CtcVocabulary, TokenRun, text_of

MIN_PROBABILITY: Final = 0.05
"""Minimum probability of another token in a frame to be tried."""

MAX_TOKENS: Final = 40
"""Maximum number of tokens of a word; longer sequences without a delimiter are slow and are not words."""


@dataclass(frozen=True, slots=True)
class WordFrames:
    """The frames of one word: probabilities of shape (frames, tokens), and its runs, numbered from the first frame."""

    probabilities: NDArray[np.float32]
    runs: tuple[TokenRun, ...]


def word_frames(probabilities: NDArray[np.float32], runs: Sequence[TokenRun], vocabulary: CtcVocabulary) -> WordFrames:
    """The frames of a word among those of its piece: from its first to its last letter, and the blanks around it."""
    is_blank = np.array([not token for token in vocabulary.tokens])[probabilities.argmax(axis=1)]
    first, end = runs[0].first, runs[-1].last + 1
    while first and is_blank[first - 1]:
        first -= 1
    while end < len(is_blank) and is_blank[end]:
        end += 1
    moved = (TokenRun(run.token, run.first - first, run.last - first, run.probability) for run in runs)
    return WordFrames(probabilities[first:end], tuple(moved))


def respellings(frames_of_word: WordFrames, vocabulary: CtcVocabulary) -> dict[str, float]:
    """Other words that the frames of one word may spell, each with its probability relative to the others, 0..1.

    The candidates differ in one token: where a frame has a second token of at least `MIN_PROBABILITY`, that token
    replaces the run, the run is removed (if the second token is the blank), or the token is inserted between runs (if
    the blank is most probable). The probability of a word is that of all paths through these frames that spell it (the
    forward variables of Graves et al. 2006), divided by the sum over the decoded word and all candidates. Empty if the
    model is certain in every frame, as for most words, and for more tokens than `MAX_TOKENS`. The probabilities are not
    calibrated.
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
    """The candidates, possibly repeated; none that would split the word or join it with the one before."""
    decoded = tuple(run.token for run in frames_of_word.runs)
    starts = _starts(decoded)
    likeliest = frames_of_word.probabilities.argmax(axis=1)
    for frame, number in np.argwhere(frames_of_word.probabilities >= MIN_PROBABILITY).tolist():
        token = vocabulary.tokens[number]
        if number != likeliest[frame] and token != vocabulary.delimiter:
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
    """The probability of each spelling up to a common factor, shape (spellings,)."""
    import torch
    from torch.nn.functional import ctc_loss

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

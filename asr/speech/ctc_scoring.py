"""The probabilities of many spellings of words, each over the frames of its word (CTC's forward variables)."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asr.speech.ctc_decoding import Frames, Numbers

_LENGTHS: Final = (4, 7, 11, 16)
"""Spellings of up to so many tokens are scored together, the longer ones last: equal lengths need no padding."""

_FEW: Final = 400
"""Spellings that are scored together whatever their lengths: a step takes about as long for one as for a hundred."""


@dataclass(frozen=True, slots=True)
class Spellings:
    """Spellings of words: ``tokens`` of shape (longest, spellings), of which ``lengths`` count, at least one.

    Each is scored over the frames from ``first`` on, ``frames`` of them.
    """

    tokens: Numbers
    lengths: Numbers
    first: Numbers
    frames: Numbers

    def chosen(self, numbers: Numbers) -> "Spellings":
        lengths = self.lengths[numbers]
        return Spellings(self.tokens[: lengths.max(), numbers], lengths, self.first[numbers], self.frames[numbers])


def path_probabilities(spellings: Spellings, frames: Frames, blank: int) -> NDArray[np.float64]:
    """Of each spelling, the sum over all paths that spell it (Graves et al. 2006), shape (spellings,).

    All probabilities of a frame are divided by that of its likeliest token. So spellings over the same frames have a
    factor in common, and the sum of a long stretch of frames is neither too small nor too large for a float.
    """
    scaled = frames.probabilities / frames.sure[:, None].astype(np.float64)
    found = np.empty(len(spellings.lengths))
    classes = np.searchsorted(_LENGTHS if len(found) > _FEW else (), spellings.lengths)
    for number in np.unique(classes):
        members = np.flatnonzero(classes == number)
        members = members[np.argsort(-spellings.frames[members], kind="stable")]
        found[members] = _forward(spellings.chosen(members), scaled, blank)
    return found


def _forward(spellings: Spellings, scaled: NDArray[np.float64], blank: int) -> NDArray[np.float64]:
    """The sums over paths, all spellings a frame at a time; those of most frames come first.

    ``after_blank[n]`` is the sum over the paths that have written n tokens and then a blank, ``after_token[n]`` over
    those whose last frame is token n.
    """
    longest, count = spellings.tokens.shape
    flat, width = scaled.ravel(), scaled.shape[1]
    places = spellings.first * width + spellings.tokens
    blanks = spellings.first * width + blank
    is_new = np.ones((longest, count))
    is_new[1:] = spellings.tokens[1:] != spellings.tokens[:-1]  # the same token again needs a blank between
    after_token, after_blank = np.zeros((longest, count)), np.zeros((longest + 1, count))
    after_blank[0] = 1
    running = np.searchsorted(-spellings.frames, -np.arange(spellings.frames[0]), "left").tolist()
    for frame, active in enumerate(running):
        token, before = after_token[:, :active], after_blank[:, :active]
        reached = token + before[:-1]
        reached[1:] += token[:-1] * is_new[1:, :active]
        before[1:] += token
        before *= flat.take(blanks[:active] + frame * width)
        np.multiply(reached, flat.take(places[:, :active] + frame * width), out=token)
    columns = np.arange(count)
    total: NDArray[np.float64] = after_blank[spellings.lengths, columns] + after_token[spellings.lengths - 1, columns]
    return total

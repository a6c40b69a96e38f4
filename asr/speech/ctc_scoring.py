"""The probabilities of many spellings of words, each over the frames of its word (CTC forward algorithm)."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asr.speech.ctc_decoding import Frames, Numbers

_LENGTHS: Final = (4, 7, 11, 16)
"""Upper limits of length classes: spellings of similar lengths are scored together, to limit padding."""

_FEW: Final = 400
"""Up to this number, all spellings are scored together: a step takes about as long for one as for a hundred."""


@dataclass(frozen=True, slots=True)
class Spellings:
    """Spellings of words: ``tokens`` has the shape (longest, spellings), of which the first ``lengths`` are valid.

    Each has at least one token and is scored over ``frames`` frames from frame ``first`` on.
    """

    tokens: Numbers
    lengths: Numbers
    first: Numbers
    frames: Numbers

    def chosen(self, numbers: Numbers) -> "Spellings":
        lengths = self.lengths[numbers]
        return Spellings(self.tokens[: lengths.max(), numbers], lengths, self.first[numbers], self.frames[numbers])


def path_probabilities(spellings: Spellings, frames: Frames, blank: int) -> NDArray[np.float64]:
    """For each spelling, the sum over all paths that spell it (Graves et al. 2006), shape (spellings,).

    All probabilities of a frame are divided by that of its most probable token. Spellings over the same frames are thus
    scaled by the same factor, and sums over many frames do not underflow or overflow.
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
    """The sums over paths, frame by frame for all spellings, which are sorted by descending number of frames.

    ``after_blank[n]`` is the sum over the paths that have produced n tokens and end in a blank; ``after_token[n]`` is
    the sum over the paths that end in token n.
    """
    longest, count = spellings.tokens.shape
    flat, width = scaled.ravel(), scaled.shape[1]
    places = spellings.first * width + spellings.tokens
    blanks = spellings.first * width + blank
    is_new = np.ones((longest, count))
    is_new[1:] = spellings.tokens[1:] != spellings.tokens[:-1]  # a repeated token needs a blank before it
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

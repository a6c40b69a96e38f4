"""Alternatives of a CTC model's words: one token of a decoded word replaced, removed or inserted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asr.speech.ctc_decoding import CtcVocabulary, DecodedWords, Frames, Numbers, text_of
from asr.speech.ctc_scoring import Spellings, path_probabilities

MIN_PROBABILITY: Final = 0.05
"""Minimum probability of another token in a frame to be tried."""

MAX_TOKENS: Final = 40
"""Maximum number of tokens of a word; longer sequences without a delimiter are slow and are not words."""

_REPLACED, _LEFT_OUT, _ADDED = range(3)


@dataclass(frozen=True, slots=True)
class Edits:
    """Decoded words with one token changed, in the order of the words.

    Depending on ``kind``, ``token`` replaces the token at ``position`` of the word, or is inserted before it; or the
    token at ``position`` is removed.
    """

    word: Numbers
    kind: Numbers
    position: Numbers
    token: Numbers

    def __len__(self) -> int:
        return len(self.word)

    def chosen(self, which: NDArray[np.bool_] | Numbers) -> "Edits":
        return Edits(self.word[which], self.kind[which], self.position[which], self.token[which])


def respellings(
    frames: Frames, words: DecodedWords, vocabulary: CtcVocabulary, least: float = 0.0, most: int | None = None
) -> dict[int, dict[str, float]]:
    """For each word, by its number: alternative spellings that its frames support, with the share of each, 0..1.

    The candidates differ from the decoded word in one token: if a second token of a frame has a probability of at least
    `MIN_PROBABILITY`, it replaces the run in that frame, the run is removed (if the token is the blank), or the token
    is inserted between runs (if the blank was decoded). The probability of a spelling is the sum over all paths through
    the word's frames that spell it (the forward variables of Graves et al. 2006). Its share is that probability divided
    by the sum over the decoded word and all candidates. Shares below ``least``, and those that are not among the
    ``most`` largest of a word, may be omitted.

    Words without such a second token are omitted, so most words cost nothing, and so are words of more than
    `MAX_TOKENS` tokens. Shares are derived from single frames and are not calibrated.
    """
    edits = _edits(frames, words, vocabulary)
    if not len(edits):
        return {}
    edited, firsts = np.unique(edits.word, return_index=True)
    weights = path_probabilities(_spellings(edits, edited, words, vocabulary), frames, vocabulary.blank)
    of_decoded, of_edits = weights[: len(edited)], weights[len(edited) :]
    sums = of_decoded + np.add.reduceat(of_edits, firsts)
    of_word = sums[np.searchsorted(edited, edits.word)]
    shares = np.divide(of_edits, of_word, out=np.zeros(len(of_edits)), where=of_word > 0)
    if vocabulary.spells_uniquely:
        order = np.lexsort((-shares, edits.word))
        firsts = np.searchsorted(edits.word, edits.word)
        lasts = np.searchsorted(edits.word, edits.word, "right") - 1
        smallest = shares[order[np.minimum(firsts + (most or len(edits)) - 1, lasts)]]
        likely = (shares >= least) & (shares >= smallest)  # ties included
        edits, shares = edits.chosen(likely), shares[likely]
    found: dict[int, dict[str, float]] = {}
    for word, text, share in zip(edits.word.tolist(), _texts(edits, words, vocabulary), shares.tolist(), strict=True):
        own = found.setdefault(word, {})
        own[text] = own.get(text, 0.0) + share
    return {word: _others(own, words, word, vocabulary) for word, own in found.items()}


def _others(own: Mapping[str, float], words: DecodedWords, word: int, vocabulary: CtcVocabulary) -> dict[str, float]:
    decoded = words.token[words.begins[word] : words.begins[word + 1]].tolist()
    none = {"", text_of([vocabulary.tokens[number] for number in decoded])}
    return {text: share for text, share in own.items() if text not in none}


def _edits(frames: Frames, words: DecodedWords, vocabulary: CtcVocabulary) -> Edits:
    """The candidates without duplicates, except those that would split the word or join it with the previous one."""
    unsure = np.flatnonzero(frames.sure < 1.001 - MIN_PROBABILITY)  # sums of a frame are 1 up to rounding
    is_likely = frames.probabilities[unsure] >= MIN_PROBABILITY
    is_likely[np.arange(len(unsure)), frames.best[unsure]] = False
    is_likely[:, vocabulary.is_delimiter] = False
    row, number = np.nonzero(is_likely)  # pairs of a frame and a likely token in it other than the most probable one
    at = unsure[row]
    low, high = np.searchsorted(at, words.lefts), np.searchsorted(at, words.rights)
    counts = np.where(words.lengths <= MAX_TOKENS, high - low, 0)
    word = np.repeat(np.arange(len(words)), counts)
    place = np.arange(len(word)) - np.repeat(np.cumsum(counts) - counts - low, counts)
    at, number = at[place], number[place]
    run = np.searchsorted(words.end, at, "right")  # the first run that ends after the frame
    is_within = (run < words.begins[word + 1]) & (words.first[np.minimum(run, len(words.token) - 1)] <= at)
    is_written = vocabulary.is_written[number]
    kind = np.where(is_within, np.where(is_written, _REPLACED, _LEFT_OUT), _ADDED)
    token = np.where(is_written, vocabulary.canonical[number], 0)
    edits = Edits(word, kind, run - words.begins[word], token).chosen(is_within | is_written)
    return _unique(edits.chosen(_keeps_word(edits, words, vocabulary)), words, vocabulary)


def _keeps_word(edits: Edits, words: DecodedWords, vocabulary: CtcVocabulary) -> NDArray[np.bool_]:
    """Whether the edited sequence is a different single word that starts like the decoded one."""
    begins, lengths = words.begins[edits.word], words.lengths[edits.word]
    is_start, decoded = vocabulary.is_start, vocabulary.canonical[words.token]
    there = decoded[np.minimum(begins + edits.position, len(decoded) - 1)]
    at_start = (edits.position == 0) & is_start[decoded[begins]]
    replaced = (is_start[edits.token] == is_start[there]) & (edits.token != there)
    kept: NDArray[np.bool_] = np.choose(
        edits.kind, [replaced, (lengths > 1) & ~at_start, ~is_start[edits.token] & ~at_start]
    )
    return kept


def _unique(edits: Edits, words: DecodedWords, vocabulary: CtcVocabulary) -> Edits:
    """Remove duplicates. In a run of equal tokens, edits refer to the first one."""
    decoded = vocabulary.canonical[words.token]
    is_again = np.append(False, decoded[1:] == decoded[:-1]) if len(decoded) else np.zeros(0, bool)
    is_again[words.begins[:-1]] = False
    first_equal = np.maximum.accumulate(np.where(is_again, 0, np.arange(len(decoded))))
    begins = words.begins[edits.word]
    before = np.maximum(begins + edits.position - 1, 0)
    follows_equal = (edits.kind == _ADDED) & (edits.position > 0) & (decoded[before] == edits.token)
    here = np.minimum(begins + edits.position, len(decoded) - 1)
    position = np.where(edits.kind == _LEFT_OUT, first_equal[here] - begins, edits.position)
    position = np.where(follows_equal, first_equal[before] - begins, position)
    sizes = MAX_TOKENS + 1, 3, len(vocabulary.tokens)
    keys = np.unique(((edits.word * sizes[0] + position) * sizes[1] + edits.kind) * sizes[2] + edits.token)
    keys, token = np.divmod(keys, sizes[2])
    keys, kind = np.divmod(keys, sizes[1])
    word, position = np.divmod(keys, sizes[0])
    return Edits(word, kind, position, token)


def _spellings(edits: Edits, edited: Numbers, words: DecodedWords, vocabulary: CtcVocabulary) -> Spellings:
    """The spellings of the decoded words that have candidates, followed by those of the candidates."""
    unchanged = np.full(len(edited), -1)
    word = np.append(edited, edits.word)
    kind, position = np.append(unchanged, edits.kind), np.append(unchanged, edits.position)
    token = np.append(unchanged, edits.token)
    lengths = words.lengths[word] + (kind == _ADDED) - (kind == _LEFT_OUT)
    columns = np.arange(lengths.max())[:, None]
    moved = (columns >= position) * ((kind == _LEFT_OUT) * 1 - (kind == _ADDED) * 1)
    source = np.minimum(words.begins[word] + np.maximum(columns + moved, 0), len(words.token) - 1)
    is_other = (columns == position) & (kind != _LEFT_OUT)
    tokens = np.where(is_other, token, vocabulary.canonical[words.token][source])
    return Spellings(tokens, lengths, words.lefts[word], (words.rights - words.lefts)[word])


def _texts(edits: Edits, words: DecodedWords, vocabulary: CtcVocabulary) -> Iterator[str]:
    tokens = [vocabulary.tokens[number] for number in words.token.tolist()]
    begins, ends = words.begins[edits.word].tolist(), words.begins[edits.word + 1].tolist()
    columns = edits.kind.tolist(), edits.position.tolist(), edits.token.tolist()
    for begin, end, kind, position, number in zip(begins, ends, *columns, strict=True):
        there = begin + position
        inserted = [] if kind == _LEFT_OUT else [vocabulary.tokens[number]]
        yield text_of([*tokens[begin:there], *inserted, *tokens[there + (kind != _ADDED) : end]])

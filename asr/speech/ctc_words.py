"""From the logits of a CTC model to words with times, confidences and alternatives."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Final

import numpy as np

from asr.inference.batched_model import PieceOutput
from asr.speech.alternatives import MIN_CONFIDENCE, ranked
from asr.speech.ctc_alternatives import respellings
from asr.speech.ctc_decoding import CtcVocabulary, decode, frames_of
from asr.types import SAMPLE_RATE
from hearsay.records.transcript import Word

_START, _END = attrgetter("start"), attrgetter("end")

MOST: Final = 3
"""Maximum number of alternatives of a word."""

_NEIGHBOURS: Final = 2
"""Neighbouring words, which cannot be alternatives of a word."""

_LEAST_SHARE: Final = MIN_CONFIDENCE - 0.0051
"""Smaller shares are always rounded to less than `MIN_CONFIDENCE`."""


class CtcDecoder:
    """Decodes many pieces at once, with arrays over all their frames, words and alternatives.

    A frame has ``samples_a_frame`` samples; if that is 0, the samples of a piece are divided evenly among its frames.
    """

    def __init__(self, vocabulary: CtcVocabulary, samples_a_frame: float = 0) -> None:
        self._vocabulary, self._samples_a_frame = vocabulary, samples_a_frame

    def words(self, pieces: Sequence[PieceOutput]) -> list[list[Word]]:
        """The words of each piece, with times from the start of its clip."""
        import torch

        logits = torch.cat([piece.logits for piece in pieces])
        frames = frames_of(logits.softmax(-1).numpy(), [len(piece.logits) for piece in pieces])
        decoded = decode(frames, self._vocabulary)
        texts = decoded.texts(self._vocabulary)
        found = respellings(frames, decoded, self._vocabulary, _LEAST_SHARE, MOST + _NEIGHBOURS)
        piece_of = decoded.piece.tolist()
        others = {}
        for number, shares in found.items():  # the word itself and its neighbours in the piece are no alternatives
            around = range(max(0, number - 1), min(len(texts), number + 2))
            known = {texts[each] for each in around if piece_of[each] == piece_of[number]}
            others[number] = tuple(ranked(shares, known, MOST))
        words: list[list[Word]] = [[] for _ in pieces]
        starts, ends = (np.array([edge(piece) for piece in pieces])[decoded.piece] for edge in (_START, _END))
        samples_a_frame = [
            self._samples_a_frame or (piece.end - piece.start) / max(1, len(piece.logits)) for piece in pieces
        ]
        widths = np.array(samples_a_frame)[decoded.piece]
        offsets = frames.edges[decoded.piece]
        firsts, lasts = decoded.first[decoded.begins[:-1]] - offsets, decoded.end[decoded.begins[1:] - 1] - offsets
        begun, over = starts + firsts * widths, np.minimum(starts + lasts * widths, ends)
        times = (begun / SAMPLE_RATE).tolist(), (over / SAMPLE_RATE).tolist()
        columns = texts, *times, decoded.confidences(), piece_of
        for number, (text, start, end, confidence, piece) in enumerate(zip(*columns, strict=True)):
            words[piece].append(Word(text, start, end, confidence, others.get(number, ())))
        return words

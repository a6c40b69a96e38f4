"""Words into a transcript: its text, its segments between pauses, and how sure the recogniser was."""

from bisect import bisect
from collections.abc import Sequence
from itertools import groupby, pairwise

from asr.audio.decoding import SAMPLE_RATE
from asr.audio.vad import Stretch, stretches
from asr.types import SpeechOutput, Waveform
from hearsay.records.clip import Segment, Word


def transcript_of(waveform: Waveform, words: Sequence[Word]) -> SpeechOutput:
    """The transcript that a clip's words make, times counted from its start; its confidence is their mean."""
    segments = segments_between(stretches(waveform), words)
    return SpeechOutput(_text(words), tuple(words), segments, mean_confidence(words))


def segments_between(loud: Sequence[Stretch], words: Sequence[Word]) -> tuple[Segment, ...]:
    """The stretches that words were recognised in, each from its first word's start to its last one's end.

    A word belongs to the stretch that its middle is in, or nearest to.
    """
    middles = [(end + start) / 2 / SAMPLE_RATE for (_, end), (start, _) in pairwise(loud)]
    groups = groupby(words, key=lambda word: bisect(middles, (word.start + word.end) / 2))
    return tuple(_segment(list(group)) for _, group in groups)


def mean_confidence(words: Sequence[Word]) -> float | None:
    """The mean of the confidences that are known; None where none is."""
    known = [word.confidence for word in words if word.confidence is not None]
    return sum(known) / len(known) if known else None


def _segment(words: Sequence[Word]) -> Segment:
    return Segment(words[0].start, words[-1].end, _text(words), mean_confidence(words))


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)

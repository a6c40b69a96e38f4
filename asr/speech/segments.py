"""From words to a transcript: its text, its segments between pauses, and its confidence."""

from bisect import bisect
from collections.abc import Sequence
from itertools import groupby, pairwise

from asr.types import SAMPLE_RATE, SpeechOutput, Stretch
from hearsay.records.transcript import Segment, Word
from hearsay.text.languages import joined


def transcript_of(stretches: Sequence[Stretch], words: Sequence[Word]) -> SpeechOutput:
    """The transcript of a clip from its words, in order, with one segment per stretch of speech.

    Times are in seconds from the start of the clip. The confidence is the mean of the words' confidences.
    """
    return SpeechOutput(
        joined(word.text for word in words), tuple(words), segments_between(stretches, words), mean_confidence(words)
    )


def segments_between(stretches: Sequence[Stretch], words: Sequence[Word], language: str = "") -> tuple[Segment, ...]:
    """One segment for each stretch with recognised words, from the start of its first word to the end of its last one.

    A word belongs to the stretch that contains its middle, or to the nearest one. ``stretches`` are in samples. The
    words are joined as their ``language`` is written.
    """
    middles = [(end + start) / 2 / SAMPLE_RATE for (_, end), (start, _) in pairwise(stretches)]
    groups = groupby(words, key=lambda word: bisect(middles, (word.start + word.end) / 2))
    return tuple(
        Segment(own[0].start, own[-1].end, joined((word.text for word in own), language), mean_confidence(own))
        for own in (list(group) for _, group in groups)
    )


def mean_confidence(parts: Sequence[Word] | Sequence[Segment]) -> float | None:
    """The mean of the known confidences; None if there are none."""
    known = [part.confidence for part in parts if part.confidence is not None]
    return sum(known) / len(known) if known else None

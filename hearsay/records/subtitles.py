"""A transcript as subtitles: SRT and WebVTT, and how words are grouped into cues."""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import accumulate, pairwise
from typing import Final, Protocol

from hearsay.records.transcript import Segment, Word
from hearsay.text.languages import joined

LONGEST_CUE: Final = 7.0
"""Longest duration of a cue made of words, in seconds."""

LONGEST_TEXT: Final = 84
"""Maximum characters of a cue: two lines of 42, as in broadcasting."""

PAUSE: Final = 0.8
"""Seconds of silence between two words that end a cue."""


class Timed(Protocol):
    """A transcript with times, such as a record or the output of a model."""

    @property
    def words(self) -> Sequence[Word]: ...

    @property
    def segments(self) -> Sequence[Segment]: ...

    @property
    def language(self) -> str: ...


def cues(transcript: Timed) -> tuple[Segment, ...]:
    """The text in cues of readable length, with times. Empty if no times are known.

    Long segments without word times are divided at spaces, and their time by the number of characters.
    """
    if transcript.words:
        return tuple(_cue(words, transcript.language) for words in _readable(transcript.words))
    return tuple(cue for segment in transcript.segments for cue in _divided(segment, transcript.language))


def _cue(words: Sequence[Word], language: str) -> Segment:
    return Segment(words[0].start, words[-1].end, joined((word.text for word in words), language))


def _divided(segment: Segment, language: str) -> Iterator[Segment]:
    """A segment divided into cues of about equal length; unchanged if it is short enough or has no spaces."""
    words = segment.text.split()
    if len(segment.text) <= LONGEST_TEXT:
        yield segment
        return
    ends = list(accumulate(len(word) + 1 for word in words))
    second = (segment.end - segment.start) / ends[-1] if ends else 0.0
    begins = [0, *ends[:-1]]
    timed = [
        Word(word, segment.start + begin * second, segment.start + end * second)
        for word, begin, end in zip(words, begins, ends, strict=True)
    ]
    yield from (_cue(part, language) for part in _readable(timed))


def srt(segments: Sequence[Segment]) -> str:
    """SubRip: numbered cues, with a comma before the milliseconds."""
    cues = (
        f"{number}\n{_time(segment.start, ',')} --> {_time(segment.end, ',')}\n{segment.text}\n\n"
        for number, segment in enumerate(_spoken(segments), 1)
    )
    return "".join(cues)


def vtt(segments: Sequence[Segment]) -> str:
    """WebVTT: a header line, cues, and a point before the milliseconds; markup characters are escaped."""
    cues = (
        f"{_time(segment.start, '.')} --> {_time(segment.end, '.')}\n{escape(segment.text, quote=False)}\n\n"
        for segment in _spoken(segments)
    )
    return "WEBVTT\n\n" + "".join(cues)


def _readable(words: Sequence[Word]) -> Iterator[list[Word]]:
    """The words grouped into cues, each within the limits unless a single word is longer."""
    stretch = list(words[:1])
    for before, word in pairwise(words):
        length = sum(len(other.text) + 1 for other in stretch) + len(word.text)
        is_too_long = word.end - stretch[0].start > LONGEST_CUE or length > LONGEST_TEXT
        if word.start - before.end >= PAUSE or is_too_long:
            yield stretch
            stretch = []
        stretch.append(word)
    if stretch:
        yield stretch


def _spoken(segments: Sequence[Segment]) -> list[Segment]:
    return [segment for segment in segments if segment.text]


def _time(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{point}{rest % 1000:03}"

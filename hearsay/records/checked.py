"""Validation of a record's times: they are corrected if unambiguous, otherwise omitted."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, TypeVar

from hearsay.records.clip import TOLERANCE, ClipRow
from hearsay.records.transcript import ModelTranscript, Segment, Word
from hearsay.text.languages import joined
from hearsay.text.normalize import words as counted_words

NOT_A_NUMBER: Final = "not a number"
REVERSED: Final = "end before start"
NEGATIVE: Final = "negative"
BEYOND: Final = "beyond the end of the clip"
DISORDERED: Final = "out of order"
OVERLAPPING: Final = "overlapping"
TOO_LARGE: Final = "too large"
OF_ANOTHER_TEXT: Final = "of another text"

LONGEST_SECONDS: Final = 1e9
"""The largest possible time or duration: 32 years. The sum of many finite durations could otherwise be infinite."""

Timed = TypeVar("Timed", Word, Segment)


@dataclass(frozen=True, slots=True)
class Checked:
    """A record with usable words and segments, the problems that were found, and whether some had to be omitted."""

    row: ClipRow
    flaws: tuple[str, ...] = ()
    left_out: bool = False


def checked(row: ClipRow) -> Checked:
    """The record with words and segments that are in order, do not overlap, are inside the clip, and match the text.

    The same holds for the words of further transcripts.

    Items with unambiguous times are sorted and cut to fit. An item with ambiguous times gets zero duration at the end
    of the previously listed one. If no times can be used, none are kept. The text stays complete.
    """
    flaws: set[str] = set()
    length = row.duration
    if length is not None and (flaw := _flaw_of_duration(length)):
        flaws.add(flaw)
        length = None
    words, segments = _in_order(row.words, length, flaws), _in_order(row.segments, length, flaws)
    left_out = len(words) < len(row.words) or len(segments) < len(row.segments)
    text = row.generated_text
    if not text and row.segments and not segments:
        text = _joined(row.segments, row.language)
    if (in_order := _text_in_order(row, text, (segments, row.segments), (words, row.words))) is not None:
        text = in_order
    else:
        here = _words_of(text, words) if words else ()
        if segments or len(here) < len(words):
            left_out = True
            flaws.add(OF_ANOTHER_TEXT)
        words, segments = here, ()
    further = tuple(_checked_transcript(one, length, flaws) for one in row.transcripts)
    left_out |= any(len(one.words) < len(before.words) for one, before in zip(further, row.transcripts, strict=True))
    known = (row.words, row.segments, row.duration, row.generated_text, row.transcripts)
    if (words, segments, length, text, further) == known:
        return Checked(row)
    sound = replace(row, words=words, segments=segments, duration=length, generated_text=text, transcripts=further)
    return Checked(sound, tuple(sorted(flaws)), left_out)


def _checked_transcript(further: ModelTranscript, length: float | None, flaws: set[str]) -> ModelTranscript:
    """A further transcript with words that are in order, do not overlap, and are its text, or without words."""
    words = _in_order(further.words, length, flaws)
    if words and not are_the_text(further.text, words):
        flaws.add(OF_ANOTHER_TEXT)
        words = ()
    return further if words == further.words else replace(further, words=words)


def _text_in_order(
    row: ClipRow, text: str, *sortings: tuple[Sequence[Word | Segment], Sequence[Word | Segment]]
) -> str | None:
    """The transcript in the order of its segments or words in time; None if neither make up the whole transcript.

    Both orders are tried, by time and as listed, since a transcript may have been joined in either.
    """
    for by_time, as_listed in sortings:
        if by_time and are_the_text(text, by_time):
            return text
        if by_time and are_the_text(text, as_listed):
            return _joined(by_time, row.language)
    return None


def _words_of(text: str, words: Sequence[Word]) -> tuple[Word, ...]:
    there = frozenset(counted_words(text))
    return tuple(word for word in words if there.issuperset(counted_words(word.text)))


def _joined(items: Sequence[Word | Segment], language: str = "") -> str:
    return joined((item.text for item in items if item.text), language)


def are_the_text(text: str, items: Sequence[Word | Segment]) -> bool:
    """Whether the joined items equal the text except for punctuation, case and spaces, or the text is empty."""
    return not text or _letters(text) == _letters(_joined(items))


def _letters(text: str) -> str:
    """All letters; without spaces, since an item may begin with a mark that belongs to a letter of the previous one."""
    return "".join(counted_words("".join(text.split())))


def _in_order(items: tuple[Timed, ...], length: float | None, flaws: set[str]) -> tuple[Timed, ...]:
    """The items by time, without overlap; empty if no times can be used."""
    if not items:
        return ()
    placed = [_placed(item, length, flaws) for item in items]
    known = [(item, at) for at, item in enumerate(placed) if item is not None]
    if any(before.start > after.start + TOLERANCE for (before, _), (after, _) in pairwise(known)):
        flaws.add(DISORDERED)
    known.sort(key=lambda pair: (pair[0].start, pair[0].end))
    for number, ((before, at), (after, _)) in enumerate(pairwise(known)):
        if before.end > after.start:
            if before.end > after.start + TOLERANCE:
                flaws.add(OVERLAPPING)
            known[number] = (replace(before, end=after.start), at)
    return _with_the_others(items, known) if known else ()


def _with_the_others(items: Sequence[Timed], known: Sequence[tuple[Timed, int]]) -> tuple[Timed, ...]:
    """The items whose times are known, each followed by the items without times that are listed after it."""
    places = {at for _, at in known}
    first, start = min(places), known[0][0].start
    found = [replace(item, start=start, end=start) for item in items[:first]]
    for item, at in known:
        found.append(item)
        while (at := at + 1) < len(items) and at not in places:
            found.append(replace(items[at], start=item.end, end=item.end))
    return tuple(found)


def _placed(item: Timed, length: float | None, flaws: set[str]) -> Timed | None:
    """The item cut to the clip; None if its times do not determine its position."""
    if flaw := _flaw(item, length):
        flaws.add(flaw)
        return None
    start, end = item.start, max(item.start, item.end)
    last = end if length is None else length
    if start < -TOLERANCE:
        flaws.add(NEGATIVE)
    if end > last + TOLERANCE:
        flaws.add(BEYOND)
    inside = (min(max(start, 0.0), last), min(max(end, 0.0), last))
    return item if inside == (item.start, item.end) else replace(item, start=inside[0], end=inside[1])


def _flaw_of_duration(seconds: float) -> str:
    """Why a duration is impossible; empty if it is possible."""
    if not math.isfinite(seconds):
        return NOT_A_NUMBER
    if seconds < 0:
        return NEGATIVE
    return TOO_LARGE if seconds > LONGEST_SECONDS else ""


def _flaw(item: Word | Segment, length: float | None) -> str:
    """Why an item's times cannot be used; empty if they can."""
    if not (math.isfinite(item.start) and math.isfinite(item.end)):
        return NOT_A_NUMBER
    if item.end < item.start - TOLERANCE:
        return REVERSED
    if item.end < 0:
        return NEGATIVE
    if length is None:
        return TOO_LARGE if item.end > LONGEST_SECONDS else ""
    return BEYOND if item.start > length + TOLERANCE else ""

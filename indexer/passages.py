"""Passages: what the index holds. A long clip is divided at its pauses, so that a hit plays where its words are."""

import logging
import math
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from hearsay.errors import BadRow
from hearsay.records.checked import are_the_text, checked
from hearsay.records.clip import ClipRow
from hearsay.records.emotions import sentiment_of
from hearsay.records.schema import IDENTITY_COLUMNS
from hearsay.records.score import scored_words_of
from hearsay.records.transcript import ModelTranscript, Segment, Word
from hearsay.text.languages import joined
from hearsay.text.wer import word_errors

LONGEST_PASSAGE: Final = 30.0
"""Seconds; a clip of at most this length is one passage."""

log = logging.getLogger(__name__)

_ONLY_FOR_LOGS: Final = (*IDENTITY_COLUMNS, "failed_pieces")
"""Columns that only the next run over a log needs; people read ``error``."""

_ONLY_FOR_LOGS_OF_TRANSCRIPTS: Final = ("weights", "precision", "segments", "failed_pieces")
"""The same of further transcripts."""

_LIKE_A_PART: Final = re.compile(r"#[0-9]{4,}\Z")


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of one clip, or all of it, from ``start`` to ``end`` in seconds from the beginning of the clip.

    ``row`` is the clip's record, restricted to the transcript, words, segments, emotion and duration of this part. The
    times of its words and segments are also relative to the beginning of the clip. ``end`` is None if the duration of
    the clip is unknown.
    """

    id: str
    start: float
    end: float | None
    row: ClipRow

    @property
    def clip(self) -> str:
        return self.row.id

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole clip."""
        return self.id == _whole(self.clip)

    def source(self) -> dict[str, Any]:
        """What engines store and return: the record's members, and id, clip, start, end and wer."""
        members = self.row.filled()
        for name in _ONLY_FOR_LOGS:
            members.pop(name, None)
        for further in members.get("transcripts", ()):
            for name in _ONLY_FOR_LOGS_OF_TRANSCRIPTS:
                further.pop(name, None)
        return {
            "id": self.id,
            "clip": self.clip,
            "start": self.start,
            **({"end": self.end} if self.end is not None else {}),
            **members,
            **({"wer": wer} if (wer := self.wer()) is not None else {}),
            **({"agreement": agreement} if (agreement := self.row.agreement) is not None else {}),
            **({"extra": dict(self.row.extra)} if self.row.extra else {}),
        }

    @classmethod
    def from_source(cls, source: Mapping[str, Any]) -> "Passage":
        """The passage that `source` returned this for.

        If an older version stored impossible times or numbers, they are left out and a warning names the passage,
        because it must not make searches fail.
        """
        members = {name: value for name, value in source.items() if name not in _NOT_OF_THE_ROW}
        members |= {"filename": source["clip"]} | source.get("extra", {})
        try:
            row = ClipRow.from_json(members)
        except BadRow as problem:
            _warn(source["id"], str(problem))
            row = ClipRow.from_readable_json(members)
        return cls(source["id"], *_stretch(source), row)

    def wer(self) -> float | None:
        """The word error rate of the transcript, three decimals; None without a reference, and for a part of a clip.

        Both texts are normalised as for ``hearsay score``.
        """
        if not self.row.text or not self.is_whole or not (self.row.generated_text or self.row.decoded_at):
            return None
        rate = word_errors(*scored_words_of(self.row)).rate
        return None if rate is None else round(rate, 3)


def _stretch(source: Mapping[str, Any]) -> tuple[float, float | None]:
    """Start and end as stored, without impossible values."""
    start, end = source["start"], source.get("end")
    if not (isinstance(start, int | float) and math.isfinite(start) and start >= 0):
        _warn(source["id"], f"its start is {start}")
        start = 0.0
    if end is not None and not (isinstance(end, int | float) and math.isfinite(end) and end >= start):
        _warn(source["id"], f"its end is {end}, its start {start}")
        end = None
    return start, end


@lru_cache(maxsize=10_000)
def _warn(passage: str, problem: str) -> None:
    """Warns once for each passage and problem."""
    log.warning(
        "%s was stored with an impossible value, which was left out (%s); load its file again", passage, problem
    )


_NOT_OF_THE_ROW: Final = frozenset({"id", "clip", "start", "end", "wer", "agreement", "extra"})


def passages_of(row: ClipRow) -> Iterator[Passage]:
    """A clip's passages, in chronological order.

    A clip of at most `LONGEST_PASSAGE` seconds is one passage with the clip's id; so is a longer one whose segments and
    words are unknown, or are not those of its transcript. Otherwise its segments are grouped into passages of at most
    that length, with the ids ``CLIP#0001``, ``CLIP#0002``, …. A segment that is longer is divided between two words.
    Further transcripts are divided by the times of their words, and left out without these; see `lacks_word_times`. No
    two clips have a passage with the same id: if a clip's own id looks like that of a part, the passage is
    ``CLIP#0000``. Times are those of `hearsay.records.checked.checked`.
    """
    return cut(checked(row).row)


def cut(row: ClipRow) -> Iterator[Passage]:
    """The passages of a record that `checked` returned; the same as `passages_of` it."""
    if row.duration is None or row.duration <= LONGEST_PASSAGE or not (stretches := _stretches(row)):
        yield Passage(_whole(row.id), 0.0, row.duration, row)
        return
    row = replace(row, transcripts=tuple(one for one in row.transcripts if not _is_unplaced(one)))
    groups = list(_gathered(stretches))
    starts = [group[0].start for group in groups]
    for number, group in enumerate(groups, 1):
        yield _part(row, number, group, starts)


def lacks_word_times(row: ClipRow) -> bool:
    """Whether `cut` leaves out further transcripts: it divides the record, and they have no word times to divide by."""
    is_long = row.duration is not None and row.duration > LONGEST_PASSAGE
    return is_long and any(map(_is_unplaced, row.transcripts)) and bool(_stretches(row))


def _is_unplaced(further: ModelTranscript) -> bool:
    return bool(further.text) and not further.words


def clip_of(passages: Iterable[Passage]) -> ClipRow:
    """The clip with these passages, which must be all of its passages: the inverse of `passages_of`.

    For a recording that was divided, its duration and the emotion of the whole recording are not stored. Its duration
    is therefore the end of its last passage, and its emotion that of a passage whose segments have none,
    otherwise that of the first passage.
    """
    parts = sorted(passages, key=lambda passage: (passage.start, passage.end or 0.0))
    if parts[0].is_whole:
        return parts[0].row
    untagged = (part for part in parts if not any(segment.emotion for segment in part.row.segments))
    return replace(
        next(untagged, parts[0]).row,
        generated_text=joined((text for part in parts if (text := part.row.generated_text)), parts[0].row.language),
        words=tuple(word for part in parts for word in part.row.words),
        segments=tuple(segment for part in parts for segment in part.row.segments),
        transcripts=tuple(
            _whole_transcript(several) for several in zip(*(p.row.transcripts for p in parts), strict=True)
        ),
        duration=max(parts[-1].end or 0.0, LONGEST_PASSAGE + 0.01),  # a shorter clip would not have been divided
    )


def _whole_transcript(parts: Sequence[ModelTranscript]) -> ModelTranscript:
    """The further transcript that these parts, in chronological order, were cut from."""
    words = tuple(word for part in parts for word in part.words)
    return replace(parts[0], text=joined((part.text for part in parts if part.text), parts[0].language), words=words)


def _whole(clip_id: str) -> str:
    return f"{clip_id}#0000" if _LIKE_A_PART.search(clip_id) else clip_id


def _stretches(row: ClipRow) -> list[Segment]:
    """The record's segments, too long ones divided into words, if they contain the whole transcript.

    Otherwise its words, if they do; empty if neither do.
    """
    if not (row.segments and _are_all(row, row.segments)):
        return [_segment_of(word) for word in row.words] if _are_all(row, row.words) else []
    found: list[Segment] = []
    for segment in row.segments:
        inside = [word for word in row.words if segment.start <= word.start < segment.end]
        if (
            segment.end - segment.start > LONGEST_PASSAGE
            and inside
            and (not row.generated_text or (bool(segment.text) and are_the_text(segment.text, inside)))
        ):
            found += (
                replace(_segment_of(word), emotion=segment.emotion, emotion_score=segment.emotion_score)
                for word in inside
            )
        else:
            found.append(segment)
    return found


def _are_all(row: ClipRow, items: Sequence[Word | Segment]) -> bool:
    """Whether the items, in order, are the transcript."""
    return are_the_text(row.generated_text, items)


def _segment_of(word: Word) -> Segment:
    return Segment(word.start, word.end, word.text)


def _gathered(stretches: list[Segment]) -> Iterator[list[Segment]]:
    group: list[Segment] = []
    for stretch in stretches:
        if group and stretch.end - group[0].start > LONGEST_PASSAGE and stretch.start > group[0].start:
            yield group
            group = []
        group.append(stretch)
    yield group


def _part(row: ClipRow, number: int, group: list[Segment], starts: Sequence[float]) -> Passage:
    """One of the passages that begin at ``starts``; an item belongs to the last one that begins at or before it."""
    start, end = group[0].start, group[-1].end

    def is_here(item: Word | Segment) -> bool:
        return item.start <= end and bisect_right(starts, item.start) == number

    emotion, score = _emotion_of(group) or (row.emotion, row.emotion_score)
    part = replace(
        row,
        generated_text=joined((stretch.text for stretch in group if stretch.text), row.language),
        words=tuple(filter(is_here, row.words)),
        segments=tuple(filter(is_here, row.segments)),
        duration=round(end - start, 2),
        confidence=_mean((stretch.confidence, stretch.end - stretch.start) for stretch in group) or row.confidence,
        transcripts=tuple(_words_of(further, is_here) for further in row.transcripts),
        emotion=emotion,
        emotion_score=score,
        sentiment=sentiment_of(emotion) if emotion else row.sentiment,
    )
    return Passage(f"{row.id}#{number:04}", start, end, part)


def _words_of(further: ModelTranscript, is_here: Callable[[Word], bool]) -> ModelTranscript:
    """The part of a further transcript that these words are."""
    words = tuple(filter(is_here, further.words))
    return replace(further, text=joined((word.text for word in words), further.language), words=words, segments=())


def _emotion_of(group: list[Segment]) -> tuple[str, float | None] | None:
    """The emotion with the largest total duration and its mean score; None if no segment has an emotion."""
    seconds: dict[str, float] = {}
    for stretch in group:
        if stretch.emotion:
            seconds[stretch.emotion] = seconds.get(stretch.emotion, 0.0) + stretch.end - stretch.start
    if not seconds:
        return None
    label = max(sorted(seconds), key=seconds.__getitem__)
    same = ((stretch.emotion_score, stretch.end - stretch.start) for stretch in group if stretch.emotion == label)
    return label, _mean(same)


def _mean(weighted: Iterable[tuple[float | None, float]]) -> float | None:
    """The weighted mean of the known values, three decimals; None if there are none."""
    known = [(value, weight) for value, weight in weighted if value is not None and weight > 0]
    return round(sum(value * weight for value, weight in known) / sum(w for _, w in known), 3) if known else None

"""Passages: a clip row as the index holds it, a long clip cut at its pauses so that a hit plays where its words are."""

import logging
import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from hearsay.errors import BadRow
from hearsay.records.checked import are_the_text, checked
from hearsay.records.clip import ClipRow
from hearsay.records.emotions import sentiment_of
from hearsay.records.schema import IDENTITY_COLUMNS
from hearsay.records.transcript import Segment, Word
from hearsay.text.normalize import words as counted_words
from hearsay.text.wer import word_errors

LONGEST_PASSAGE: Final = 30.0
"""Seconds; a clip up to this long is one passage."""

log = logging.getLogger(__name__)

_LIKE_A_PART: Final = re.compile(r"#[0-9]{4,}\Z")


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of one clip: ``start`` and ``end`` in seconds from the clip's beginning.

    ``row`` is the clip's row with transcript, words, segments, emotion and duration of this stretch alone; the times
    of its words and segments count from the clip's beginning too.
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
        """Whether it is all of its clip."""
        return self.id == _whole(self.clip)

    def source(self) -> dict[str, Any]:
        """What engines keep and give back: the row's members under natural names, with id, clip, start, end and wer."""
        members = self.row.to_json()
        del members["filename"]
        members.pop("failed_pieces", None)  # for the next run over the log; people read ``error``
        return {
            "id": self.id,
            "clip": self.clip,
            "start": self.start,
            **({"end": self.end} if self.end is not None else {}),
            **{name: value for name, value in members.items() if name not in {*self.row.extra, *IDENTITY_COLUMNS}},
            **({"wer": wer} if (wer := self.wer()) is not None else {}),
            **({"extra": dict(self.row.extra)} if self.row.extra else {}),
        }

    @classmethod
    def from_source(cls, source: Mapping[str, Any]) -> "Passage":
        """The passage that `source` was made of.

        One that an older version stored with impossible times or numbers is given back without them, and its clip is
        named in the log: it must not break the search for all others.
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
        """The transcript's word error rate, three decimals; None without a reference or for a part of a clip."""
        if not self.row.text or not self.is_whole or not (self.row.generated_text or self.row.decoded_at):
            return None
        rate = word_errors(counted_words(self.row.text), counted_words(self.row.generated_text)).rate
        return None if rate is None else round(rate, 3)


def _stretch(source: Mapping[str, Any]) -> tuple[float, float | None]:
    """Start and end as they were stored, without what cannot be."""
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
    """Once for each passage and problem."""
    log.warning(
        "%s was stored with a value that cannot be, which is left out (%s); load its file again", passage, problem
    )


_NOT_OF_THE_ROW: Final = frozenset({"id", "clip", "start", "end", "wer", "extra"})


def passages_of(row: ClipRow) -> Iterator[Passage]:
    """A clip's passages, in order of time.

    A clip of up to `LONGEST_PASSAGE` seconds is one, with the clip's id; so is a longer one whose segments and words
    are not known, or are of another text than its transcript. Else its stretches between pauses are gathered into
    passages of at most that length, with the ids ``CLIP#0001`` and on. A stretch that is longer by itself is cut
    between two words. No two clips have a passage of the same id: a clip whose own id reads like that of a part is, as
    a whole, ``CLIP#0000``. Times are those of `hearsay.records.checked.checked`.
    """
    return cut(checked(row).row)


def cut(row: ClipRow) -> Iterator[Passage]:
    """The passages of a record that `checked` gave back; they are `passages_of` it."""
    if row.duration is None or row.duration <= LONGEST_PASSAGE or not (stretches := _stretches(row)):
        yield Passage(_whole(row.id), 0.0, row.duration, row)
        return
    groups = list(_gathered(stretches))
    starts = [group[0].start for group in groups]
    for number, group in enumerate(groups, 1):
        yield _part(row, number, group, starts)


def clip_of(passages: Iterable[Passage]) -> ClipRow:
    """The clip that these are all the passages of: the way back from `passages_of`, which makes the same of it again.

    Of a recording that was cut, its length and what it was tagged with as a whole are not kept: its duration is the end
    of its last passage, its emotion that of one whose stretches were not tagged by themselves, else of the first.
    """
    parts = sorted(passages, key=lambda passage: (passage.start, passage.end or 0.0))
    if parts[0].is_whole:
        return parts[0].row
    untagged = (part for part in parts if not any(segment.emotion for segment in part.row.segments))
    return replace(
        next(untagged, parts[0]).row,
        generated_text=" ".join(text for part in parts if (text := part.row.generated_text)),
        words=tuple(word for part in parts for word in part.row.words),
        segments=tuple(segment for part in parts for segment in part.row.segments),
        duration=max(parts[-1].end or 0.0, LONGEST_PASSAGE + 0.01),  # a shorter one would not have been cut
    )


def _whole(clip_id: str) -> str:
    return f"{clip_id}#0000" if _LIKE_A_PART.search(clip_id) else clip_id


def _stretches(row: ClipRow) -> list[Segment]:
    """The row's segments, those that are too long cut between words, where they are all of its transcript.

    Else its words, where those are; empty where neither are.
    """
    if not (row.segments and _are_all(row, row.segments)):
        return [_segment_of([word]) for word in row.words] if _are_all(row, row.words) else []
    found: list[Segment] = []
    for segment in row.segments:
        inside = [word for word in row.words if segment.start <= word.start < segment.end]
        if segment.end - segment.start > LONGEST_PASSAGE and inside and _can_be_cut(row, segment, inside):
            found += (
                replace(_segment_of([word]), emotion=segment.emotion, emotion_score=segment.emotion_score)
                for word in inside
            )
        else:
            found.append(segment)
    return found


def _can_be_cut(row: ClipRow, segment: Segment, inside: Sequence[Word]) -> bool:
    """Whether the words say all that the segment does; where there is no transcript, only they say what is searched."""
    return not row.generated_text or (bool(segment.text) and are_the_text(segment.text, inside))


def _are_all(row: ClipRow, items: Sequence[Word | Segment]) -> bool:
    """Whether the items, one after the other, are the transcript."""
    return are_the_text(row.generated_text, items)


def _segment_of(words: list[Word]) -> Segment:
    return Segment(words[0].start, words[-1].end, " ".join(word.text for word in words))


def _gathered(stretches: list[Segment]) -> Iterator[list[Segment]]:
    group: list[Segment] = []
    for stretch in stretches:
        if group and stretch.end - group[0].start > LONGEST_PASSAGE and stretch.start > group[0].start:
            yield group
            group = []
        group.append(stretch)
    yield group


def _part(row: ClipRow, number: int, group: list[Segment], starts: Sequence[float]) -> Passage:
    """One of the passages that begin at ``starts``; a word or segment is in the last that begins before it."""
    start, end = group[0].start, group[-1].end

    def is_here(item: Word | Segment) -> bool:
        return item.start <= end and bisect_right(starts, item.start) == number

    emotion, score = _emotion_of(group) or (row.emotion, row.emotion_score)
    part = replace(
        row,
        generated_text=" ".join(stretch.text for stretch in group if stretch.text),
        words=tuple(filter(is_here, row.words)),
        segments=tuple(filter(is_here, row.segments)),
        duration=round(end - start, 2),
        confidence=_mean((stretch.confidence, stretch.end - stretch.start) for stretch in group) or row.confidence,
        emotion=emotion,
        emotion_score=score,
        sentiment=sentiment_of(emotion) if emotion else row.sentiment,
    )
    return Passage(f"{row.id}#{number:04}", start, end, part)


def _emotion_of(group: list[Segment]) -> tuple[str, float | None] | None:
    """The emotion that most of the seconds have, with its mean score; None where no stretch was tagged by itself."""
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
    """The mean of the values that are there, weighted, three decimals."""
    known = [(value, weight) for value, weight in weighted if value is not None and weight > 0]
    return round(sum(value * weight for value, weight in known) / sum(w for _, w in known), 3) if known else None

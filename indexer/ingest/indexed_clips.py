"""What an index already has of clips: their records, joined again from passages."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final

from hearsay.records.clip import ClipRow
from indexer.index import Request, SearchReader
from indexer.ingest.validation import RecordMerger
from indexer.passages import clip_of
from indexer.query_tree import AnyOf, Term

_AT_ONCE: Final = 100
"""Clips that are requested at once."""


def whole_clip(index: SearchReader, clip: str) -> ClipRow | None:
    """The record of a clip, as far as the index has it; None if the index lacks the clip."""
    passages = list(index.walk(Request(Term("clip", clip))))
    return clip_of(passages) if passages else None


def merged_with_known(index: SearchReader, rows: Sequence[ClipRow], merging: RecordMerger) -> Iterator[ClipRow]:
    """The records, each merged with what the index has of its clip; absent columns change nothing."""
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        found = index.walk(Request(AnyOf(tuple(Term("clip", row.id) for row in some))))
        by_clip = groupby(sorted(found, key=attrgetter("clip")), key=attrgetter("clip"))
        known = {clip: clip_of(passages) for clip, passages in by_clip}
        yield from (merging.merged(known[row.id], row) if row.id in known else row for row in some)

"""When the log gets a record of a long clip that is still being transcribed, so that a killed run can continue."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from asr.pipeline.pipeline import UnfinishedClip

SECONDS_BETWEEN: Final = 30.0
"""Minimum number of seconds between two interim records of a clip."""

LEAST_SHARE: Final = 0.05
"""Minimum share of a clip that is transcribed between two of its interim records.

An interim record has the whole transcript so far. So that the log does not grow with the square of a clip's length, a
run writes at most 19 of them of any clip, together less than ten times as long as the clip's final record.
"""


@dataclass(frozen=True, slots=True)
class _Written:
    share: float
    time: float


class InterimRecords:
    """Decides which of the long clips in progress are due an interim record, by what was last written of them."""

    def __init__(self) -> None:
        self._written: dict[str, _Written] = {}

    def due(self, unfinished: Sequence[UnfinishedClip]) -> Iterator[UnfinishedClip]:
        """The clips with enough new transcript; they count as written."""
        now = time.monotonic()
        self._written = {clip.id: self._written.get(clip.id, _Written(0.0, now)) for clip in unfinished}
        for clip in unfinished:
            share, last = clip.share, self._written[clip.id]
            is_enough = share >= last.share + LEAST_SHARE or (share >= 1 > last.share)
            if is_enough and now - last.time >= SECONDS_BETWEEN:
                self._written[clip.id] = _Written(share, now)
                yield clip

    def left(self, unfinished: Sequence[UnfinishedClip]) -> Iterator[UnfinishedClip]:
        """The clips with any new transcript, at the end of a run."""
        return (
            clip for clip in unfinished if clip.id not in self._written or clip.share > self._written[clip.id].share
        )

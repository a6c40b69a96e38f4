"""A journal that is watched: its rows are put into the index as they come, and again where a version lacks them.

How far the journal was put stands beside it, so that a new start goes on from there. Rows up to there are put again
only where the index has nothing of their clip: after a load without them, a rollback, or in another index. Where
another journal took the place of this one, whatever its length, all of its rows are put.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from hearsay.errors import HearsayError
from hearsay.records.clip import ClipRow
from indexer.errors import LoadFailed
from indexer.index import SearchWriter
from indexer.ingest import load as loading
from indexer.ingest.tailed_journal import FollowedLog, News, State
from indexer.provenance import SourceFile
from indexer.query_tree import Term

LOOK_SECONDS: Final = 0.3
"""How often the journal is looked at."""

CHECK_SECONDS: Final = 5.0
"""How often the index is asked whether another version is served, while nothing is appended."""

LONGEST_PAUSE: Final = 10.0
"""Seconds between tries while the index is away, at most."""

Say = Callable[[str], None]


class Watcher:
    """Puts one journal into one index; the index is held for changing only while rows are put.

    ``trouble`` is what went wrong at the latest look, empty where all that the journal has is in the index.
    """

    def __init__(self, index: SearchWriter, journal: Path, deletions: Path, say: Say) -> None:
        self.trouble = ""
        self._index = index
        self._journal = journal
        self._log = FollowedLog(journal)
        self._deletions = deletions
        self._say = say
        self._looked_at: tuple[str, State | None] = ("", None)
        self._files = (SourceFile(journal.absolute()),)
        self._next_check = 0.0

    def watch(self, is_ended: Callable[[], bool]) -> None:
        """Look again and again until ``is_ended``; what is wrong is said once, and tried again ever more rarely."""
        pause = 0.0
        while not _ends_within(pause, is_ended):
            try:
                self.look()
            except HearsayError as problem:
                self._tell(str(problem))
                pause = min(2 * pause or LOOK_SECONDS, LONGEST_PAUSE)
            else:
                self._tell("")
                pause = LOOK_SECONDS

    def look(self) -> None:
        """Put what was appended since the last look, and what another version of the index lacks.

        Raises what the index raises, `BadRow` for a line that is none, and `ClipsError`; nothing is passed over then.
        """
        state = self._log.state()
        version, looked_at = self._looked_at
        if state is None or (state == looked_at and time.monotonic() < self._next_check):
            return
        served = self._index.about().version
        self._next_check = time.monotonic() + CHECK_SECONDS
        news = self._log.news()
        if news.is_replaced:
            self._put_another_log(news)
        else:
            self._put([*(self._lacking() if served != version else ()), *news.rows.values()])
        self._log.keep(news)
        self._looked_at = (served, news.state)

    def _lacking(self) -> list[ClipRow]:
        """The rows that were put already, and of whose clips the index has nothing though nobody deleted them."""
        kept, _ = self._not_deleted(self._log.put_before())
        return [row for row in kept if not row.deleted and not self._index.count(Term("clip", row.id))]

    def _put_another_log(self, news: News) -> None:
        """Put all rows of a log that took the place of one that was put; what a person deleted stays deleted."""
        rows, deleted = self._not_deleted(news.rows)
        self._put(rows)
        stay = f"; {deleted} of its clips were deleted and stay so, put brings them back" if deleted else ""
        self._say(f"{self._journal} is another log than before, and was put from its beginning{stay}")

    def _not_deleted(self, rows: Mapping[str, ClipRow]) -> tuple[list[ClipRow], int]:
        """The rows without those of clips that were deleted, and how many these are."""
        gone = loading.deleted_clips(self._deletions)
        kept = [row for row in rows.values() if row.deleted or row.id not in gone]
        return kept, len(rows) - len(kept)

    def _put(self, rows: Sequence[ClipRow]) -> None:
        """Put rows together, or each by itself where the index refuses one of them; raises that refusal at the end."""
        if not rows:
            return
        try:
            came, went = loading.put(self._index, rows, self._deletions, self._say, self._files)
        except LoadFailed:
            if len(rows) == 1:
                raise
            self._put_each(rows)
        else:
            self._say(f"put {came} and deleted {went} clips ({rows[0].id}{', …' if len(rows) > 1 else ''})")

    def _put_each(self, rows: Iterable[ClipRow]) -> None:
        refusals = []
        for row in rows:
            try:
                self._put([row])
            except LoadFailed as problem:
                refusals.append(problem)
        if refusals:
            raise refusals[0]

    def _tell(self, trouble: str) -> None:
        if trouble and trouble != self.trouble:
            self._say(f"{trouble}; trying again")
        elif self.trouble and not trouble:
            self._say("the index takes clips again")
        self.trouble = trouble


def _ends_within(seconds: float, is_ended: Callable[[], bool]) -> bool:
    """Rest so long, in naps: a signal that comes just before one begins is only noticed when it is over."""
    over = time.monotonic() + seconds
    while not is_ended() and (left := over - time.monotonic()) > 0:
        time.sleep(min(left, LOOK_SECONDS))
    return is_ended()

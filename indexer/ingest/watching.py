"""Following a log: its records are put into the index as they arrive, and again if another version lacks them.

The position in the log is stored beside it, so that a restart continues from there. Records before that position are
put again only if the index has nothing of their clip: after a load without them, after a rollback, or in another index.
If another log replaces this one, whatever its length, all of its records are put.
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
from indexer.ingest.tailed_journal import LogStat, TailedJournal
from indexer.provenance import SourceFile
from indexer.query_tree import Term

LOOK_SECONDS: Final = 0.3
"""Interval at which the log is checked."""

CHECK_SECONDS: Final = 5.0
"""Seconds between queries for the version of the index while nothing is appended."""

LONGEST_PAUSE: Final = 10.0
"""Maximum number of seconds between attempts while the index is unavailable."""

Say = Callable[[str], None]


class Watcher:
    """Puts one log into one index; the index is locked only while records are put.

    ``trouble`` is the error of the latest check; empty if all records of the log are in the index.
    """

    def __init__(self, index: SearchWriter, journal: Path, deletions: Path, say: Say) -> None:
        self.trouble = ""
        self._index = index
        self._journal = journal
        self._log = TailedJournal(journal)
        self._deletions = deletions
        self._say = say
        self._looked_at: tuple[str, LogStat | None] = ("", None)
        self._files = (SourceFile(journal.absolute()),)
        self._next_check = 0.0

    def watch(self, is_ended: Callable[[], bool]) -> None:
        """Check again and again until ``is_ended``; errors are reported once, and retried at increasing intervals."""
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
        """Put what was appended since the last check, and what another version of the index lacks.

        Raises errors of the index, `BadRow` for an invalid line, and `ClipsError`; nothing is skipped then.
        """
        state = self._log.state()
        version, looked_at = self._looked_at
        if state is None or (state == looked_at and time.monotonic() < self._next_check):
            return
        served = self._index.about().version
        self._next_check = time.monotonic() + CHECK_SECONDS
        new = self._log.new_records()
        if new.is_replaced:
            rows, deleted = self._not_deleted(new.rows)
            self._put(rows)
            stay = f"; {deleted} of its clips were deleted and stay deleted, put restores them" if deleted else ""
            self._say(f"{self._journal} was replaced by another log, which was put from its beginning{stay}")
        else:
            self._put([*(self._lacking() if served != version else ()), *new.rows.values()])
        self._log.keep(new)
        self._looked_at = (served, new.state)

    def _lacking(self) -> list[ClipRow]:
        """The records that were put already and whose clips the index lacks, although they were not deleted."""
        kept, _ = self._not_deleted(self._log.put_before())
        return [row for row in kept if not row.deleted and not self._index.count(Term("clip", row.id))]

    def _not_deleted(self, rows: Mapping[str, ClipRow]) -> tuple[list[ClipRow], int]:
        """The records without those of deleted clips, and the number of the latter."""
        gone = loading.deleted_clips(self._deletions)
        kept = [row for row in rows.values() if row.deleted or row.id not in gone]
        return kept, len(rows) - len(kept)

    def _put(self, rows: Sequence[ClipRow]) -> None:
        """Put records together, or one by one if the index rejects one; raises the first rejection at the end."""
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
            self._say(f"{trouble}; retrying")
        elif self.trouble and not trouble:
            self._say("the index is available again")
        self.trouble = trouble


def _ends_within(seconds: float, is_ended: Callable[[], bool]) -> bool:
    """Wait in short intervals: a signal just before a call of sleep would be noticed only at its end."""
    over = time.monotonic() + seconds
    while not is_ended() and (left := over - time.monotonic()) > 0:
        time.sleep(min(left, LOOK_SECONDS))
    return is_ended()

"""A journal that is watched: its rows are put into the index as they come, and again where a version lacks them.

How far the journal was put stands beside it, so that a new start goes on from there. Rows up to there are put again
only where the index has nothing of their clip: after a load without them, a rollback, or in another index.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from hearsay.errors import ClipsError, HearsayError
from hearsay.records.clip import ClipRow
from hearsay.records.files import replaced_whole
from hearsay.records.journal import read_journal_from
from indexer import load as loading
from indexer.errors import LoadFailed
from indexer.index import SearchIndex
from indexer.query import Term

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

    def __init__(self, index: SearchIndex, journal: Path, deletions: Path, say: Say) -> None:
        self.trouble = ""
        self._index = index
        self._journal = journal
        self._deletions = deletions
        self._say = say
        self._mark = journal.with_name(f"{journal.name}.put")
        self._looked_at: tuple[str, int] = ("", 0)
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
        size = self._journal.stat().st_size if self._journal.exists() else 0
        version, looked_at = self._looked_at
        if not size or (size == looked_at and time.monotonic() < self._next_check):
            return
        served = self._index.about().version
        self._next_check = time.monotonic() + CHECK_SECONDS
        lacking = self._lacking() if served != version or size < looked_at else []
        rows, end = read_journal_from(self._journal, self._put_up_to())
        self._put([*lacking, *rows.values()])
        if rows:
            self._set_mark(end)
        self._looked_at = (served, size)

    def _lacking(self) -> list[ClipRow]:
        """The rows that were put already, and of whose clips the index has nothing though nobody deleted them."""
        gone = loading.deleted_clips(self._deletions)
        rows, _ = read_journal_from(self._journal, 0, self._put_up_to())
        kept = (row for row in rows.values() if not row.deleted and row.id not in gone)
        return [row for row in kept if not self._index.count(Term("clip", row.id))]

    def _put(self, rows: Sequence[ClipRow]) -> None:
        """Put rows together, or each by itself where the index refuses one of them; raises that refusal at the end."""
        if not rows:
            return
        try:
            came, went = loading.put(self._index, rows, self._deletions, self._say)
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

    def _put_up_to(self) -> int:
        """Bytes of the journal that were put, by the mark beside it; 0 where another journal took its place."""
        try:
            mark = int(self._mark.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return 0
        return mark if mark <= self._journal.stat().st_size else 0

    def _set_mark(self, end: int) -> None:
        try:
            with replaced_whole(self._mark) as temporary:
                temporary.write_text(f"{end}\n", encoding="utf-8")
        except OSError as problem:
            raise ClipsError(f"{self._mark} cannot be written: {problem.strerror or problem}") from problem

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

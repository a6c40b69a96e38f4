"""A log that is followed as it grows: how far it was put, and whether what was put still stands there.

The size alone tells too little: another log may have taken the place of this one, with as many bytes or more. So the
mark beside a log holds a digest of all that was put, and a log whose beginning differs is read from its start.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from hearsay.errors import ClipsError
from hearsay.records.clip import ClipRow
from hearsay.records.files import replaced_whole
from hearsay.records.journal import read_journal_from, rows_of_lines

READ_WHOLE: Final = 64_000_000
"""Up to so many bytes all that was put is read again when the log grows; of a longer one its ends, for the rest cannot
change in a log that only grows. Where it did anything else than grow, all is read."""

_END: Final = 1_000_000
"""Bytes of each end that are compared."""


@dataclass(frozen=True, slots=True)
class State:
    """What the file system tells of a log: which file it is, and what changes with every write to it."""

    file: tuple[int, int]
    size: int
    times: tuple[int, int]

    @classmethod
    def of(cls, told: os.stat_result) -> "State":
        return cls((told.st_dev, told.st_ino), told.st_size, (told.st_mtime_ns, told.st_ctime_ns))

    def is_grown_from(self, before: "State | None") -> bool:
        return before is not None and before.file == self.file and before.size < self.size


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a log was put, and the digest of all bytes up to there; none in a mark of an older version."""

    end: int = 0
    digest: str = ""


@dataclass(frozen=True, slots=True)
class News:
    """The latest row of each clip that was not put yet; ``is_replaced`` where they are those of another log."""

    rows: Mapping[str, ClipRow]
    is_replaced: bool
    mark: Mark
    state: State
    hash: "hashlib._Hash"
    ends: bytes


class FollowedLog:
    """A log, and the mark beside it; nothing counts as put before `keep` was called with the news of it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mark_path = path.with_name(f"{path.name}.put")
        self._mark = self._stored()
        self._kept: State | None = None
        self._ends = b""
        self._hash = hashlib.sha256()

    def state(self) -> State | None:
        """The log as it is now; None where there is none, or nothing in it."""
        try:
            told = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError as problem:
            raise self._unreadable(problem) from problem
        return State.of(told) if told.st_size else None

    def news(self) -> News:
        """What was appended since, up to the last line that is whole; all of it where another log took its place."""
        try:
            with self._path.open("rb") as file:
                state = State.of(os.fstat(file.fileno()))
                if state == self._kept:
                    return News({}, False, self._mark, state, self._hash, self._ends)
                start = self._mark.end if self._is_as_it_was(file, state) else 0
                file.seek(start)
                return self._read(file.read(), start, state, file)
        except OSError as problem:
            raise self._unreadable(problem) from problem

    def _read(self, data: bytes, start: int, state: State, file: BinaryIO) -> News:
        rows, end = rows_of_lines(BytesIO(data), self._path, start)
        digest = self._hash.copy() if start else hashlib.sha256()
        digest.update(data[: end - start])
        mark = Mark(end, digest.hexdigest())
        return News(rows, self._mark.end > 0 and start == 0, mark, state, digest, _ends(file, end))

    def put_before(self) -> Mapping[str, ClipRow]:
        """The latest row of each clip that was put already."""
        return read_journal_from(self._path, 0, self._mark.end)[0]

    def keep(self, news: News) -> None:
        """Remember that the news were put."""
        if news.mark != self._mark:
            self._store(news.mark)
        self._mark, self._kept, self._hash, self._ends = news.mark, news.state, news.hash, news.ends

    def _is_as_it_was(self, file: BinaryIO, state: State) -> bool:
        """Whether the log still begins with all that was put."""
        end = self._mark.end
        if state.size < end:
            return False
        if end > READ_WHOLE and state.is_grown_from(self._kept):
            return _ends(file, end) == self._ends
        self._hash = _digest(file, end)
        if self._mark.digest:
            return self._hash.hexdigest() == self._mark.digest
        file.seek(max(0, end - 1))
        return file.read(1) == b"\n"  # all that a mark of an older version tells

    def _stored(self) -> Mark:
        try:
            told = json.loads(self._mark_path.read_text(encoding="utf-8"))
            return Mark(told) if isinstance(told, int) else Mark(int(told["end"]), str(told["sha256"]))
        except (OSError, ValueError, TypeError, KeyError):
            return Mark()

    def _store(self, mark: Mark) -> None:
        try:
            with replaced_whole(self._mark_path) as temporary:
                temporary.write_text(json.dumps({"end": mark.end, "sha256": mark.digest}) + "\n", encoding="utf-8")
        except OSError as problem:
            raise ClipsError(f"{self._mark_path} cannot be written: {problem.strerror or problem}") from problem

    def _unreadable(self, problem: OSError) -> ClipsError:
        return ClipsError(f"{self._path} cannot be read: {problem.strerror or problem}")


def _digest(file: BinaryIO, end: int) -> "hashlib._Hash":
    """The hash of the bytes before ``end``."""
    found, left = hashlib.sha256(), end
    file.seek(0)
    while left and (block := file.read(min(left, _END))):
        found.update(block)
        left -= len(block)
    return found


def _ends(file: BinaryIO, end: int) -> bytes:
    """The first bytes, and the last before ``end``."""
    file.seek(0)
    first = file.read(min(end, _END))
    file.seek(max(0, end - _END))
    return first + file.read(min(end, _END))

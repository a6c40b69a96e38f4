"""A log that is followed as it grows: the position up to which it was put, and whether the log is still the same.

The size alone is not sufficient, because another log with at least as many bytes may have replaced this one. The
position file beside the log therefore contains a digest of all that was put; if the beginning of the log differs from
that, it is read from the start.
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
"""Up to this many bytes, all that was put is read again when the log grows. Of longer logs that have only grown, just
the two ends are compared, because the rest cannot have changed."""

_END: Final = 1_000_000
"""Bytes at each end that are compared."""


@dataclass(frozen=True, slots=True)
class LogStat:
    """The state of a log in the file system: which file it is, and values that change with every write."""

    file: tuple[int, int]
    size: int
    times: tuple[int, int]

    @classmethod
    def of(cls, stat: os.stat_result) -> "LogStat":
        return cls((stat.st_dev, stat.st_ino), stat.st_size, (stat.st_mtime_ns, stat.st_ctime_ns))

    def is_grown_from(self, before: "LogStat | None") -> bool:
        return before is not None and before.file == self.file and before.size < self.size


@dataclass(frozen=True, slots=True)
class PutPosition:
    """The position up to which a log was put, and the digest of all bytes before, empty in an older version."""

    end: int = 0
    digest: str = ""


@dataclass(frozen=True, slots=True)
class NewRecords:
    """The latest record of each clip that was not put yet; ``is_replaced`` if they are those of another log."""

    rows: Mapping[str, ClipRow]
    is_replaced: bool
    mark: PutPosition
    state: LogStat
    hash: "hashlib._Hash"
    ends: bytes


class TailedJournal:
    """A log and its position file; records count as put only after `keep` was called."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mark_path = path.with_name(f"{path.name}.put")
        self._mark = self._stored()
        self._kept: LogStat | None = None
        self._ends = b""
        self._hash = hashlib.sha256()

    def state(self) -> LogStat | None:
        """The current state of the log; None if it does not exist or is empty."""
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError as problem:
            raise self._unreadable(problem) from problem
        return LogStat.of(stat) if stat.st_size else None

    def new_records(self) -> NewRecords:
        """The complete records that were not put yet; all of them if another log replaced this one."""
        try:
            with self._path.open("rb") as file:
                state = LogStat.of(os.fstat(file.fileno()))
                if state == self._kept:
                    return NewRecords({}, False, self._mark, state, self._hash, self._ends)
                start = self._mark.end if self._is_as_it_was(file, state) else 0
                file.seek(start)
                data = file.read()
                rows, end = rows_of_lines(BytesIO(data), self._path, start)
                digest = self._hash.copy() if start else hashlib.sha256()
                digest.update(data[: end - start])
                mark = PutPosition(end, digest.hexdigest())
                return NewRecords(rows, self._mark.end > 0 and start == 0, mark, state, digest, _ends(file, end))
        except OSError as problem:
            raise self._unreadable(problem) from problem

    def put_before(self) -> Mapping[str, ClipRow]:
        """The latest record of each clip that was put already."""
        return read_journal_from(self._path, 0, self._mark.end)[0]

    def keep(self, new: NewRecords) -> None:
        """Record that these records were put."""
        if new.mark != self._mark:
            try:
                with replaced_whole(self._mark_path) as temporary:
                    temporary.write_text(
                        json.dumps({"end": new.mark.end, "sha256": new.mark.digest}) + "\n", encoding="utf-8"
                    )
            except OSError as problem:
                raise ClipsError(f"{self._mark_path} cannot be written: {problem.strerror or problem}") from problem
        self._mark, self._kept, self._hash, self._ends = new.mark, new.state, new.hash, new.ends

    def _is_as_it_was(self, file: BinaryIO, state: LogStat) -> bool:
        """Whether the log still begins with everything that was put."""
        end = self._mark.end
        if state.size < end:
            return False
        if end > READ_WHOLE and state.is_grown_from(self._kept):
            return _ends(file, end) == self._ends
        self._hash = _digest(file, end)
        if self._mark.digest:
            return self._hash.hexdigest() == self._mark.digest
        file.seek(max(0, end - 1))
        return file.read(1) == b"\n"  # all that the position file of an older version allows to check

    def _stored(self) -> PutPosition:
        try:
            mark = json.loads(self._mark_path.read_text(encoding="utf-8"))
            return PutPosition(mark) if isinstance(mark, int) else PutPosition(int(mark["end"]), str(mark["sha256"]))
        except (OSError, ValueError, TypeError, KeyError):
            return PutPosition()

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
    """The first bytes, and the last bytes before ``end``."""
    file.seek(0)
    first = file.read(min(end, _END))
    file.seek(max(0, end - _END))
    return first + file.read(min(end, _END))

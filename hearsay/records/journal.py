"""The journal: clip rows as lines of JSON, append-only, so that a killed run loses no completed record."""

import json
import os
import shlex
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from hearsay.errors import BadRow, ClipsError, NewerRecord
from hearsay.records.clip import SCHEMA_VERSION, ClipRow
from hearsay.records.files import onto_disk
from hearsay.records.locks import LockedFile
from hearsay.records.schema import EXPORT_ONLY, kept_beside_ours

_OURS_IN_JSON: Final = frozenset({"schema_version", "words", "segments"})
"""Members that identify a record in JSON, where words and segments count as a transcript, even without its text."""


def read_journal(path: Path, *, is_log: bool = True) -> dict[str, ClipRow]:
    """The latest row of each clip by id, in the order in which the clips first appeared.

    Unless it must be a log of Hearsay (``is_log``), a corpus's columns are `kept_beside_ours`.
    A torn last line, left by a killed run, is skipped. Raises `BadRow` with the number of a line that is not a
    clip row or was written by a newer version, and `ClipsError` if the file cannot be read.
    """
    rows: dict[str, ClipRow] = {}
    for number, line in _whole_lines(path):
        try:
            row = row_of_line(line, is_log=is_log)
        except BadRow as problem:
            raise _unreadable(path, f"line {number}", problem) from problem
        rows[row.id] = row
    return rows


def read_journal_from(path: Path, start: int, end: int | None = None) -> tuple[dict[str, ClipRow], int]:
    """The latest row of each clip in the lines from byte ``start`` to byte ``end``, and where the last of them ends.

    An incomplete last line is still being written and is excluded. Raises the errors of `read_journal`.
    """
    try:
        with path.open("rb") as file:
            file.seek(start)
            return rows_of_lines(file, path, start, end)
    except OSError as problem:
        raise ClipsError(f"{path} cannot be read: {problem.strerror or problem}") from problem


def rows_of_lines(
    lines: Iterable[bytes], path: Path, start: int, end: int | None = None
) -> tuple[dict[str, ClipRow], int]:
    """The same for lines that were already read, the first of which begins at byte ``start`` of the log at ``path``."""
    rows: dict[str, ClipRow] = {}
    for line in lines:
        if not line.endswith(b"\n") or (end is not None and start >= end):
            break
        if line.strip():
            try:
                row = row_of_line(line)
            except BadRow as problem:
                raise _unreadable(path, f"the line at byte {start}", problem) from problem
            rows[row.id] = row
        start += len(line)
    return rows, start


def _unreadable(path: Path, where: str, problem: BadRow) -> BadRow:
    """The problem with its location, and the command that repairs it, if there is one."""
    if isinstance(problem, NewerRecord):
        return NewerRecord(f"{path}, {where}: {problem}")
    return BadRow(f"{path}, {where}: {problem}. To set unreadable lines aside: hearsay repair {shlex.quote(str(path))}")


def _whole_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                is_whole = line.endswith(b"\n") or _is_json(line)  # other programs may omit the last line end
                if is_whole and line.strip():
                    yield number, line
    except OSError as problem:
        raise ClipsError(f"{path} cannot be read: {problem.strerror or problem}") from problem


def _json_of(line: bytes) -> Any:
    """The value in a line of UTF-8. Given bytes, ``json`` would take a line with NUL bytes for UTF-16 or UTF-32."""
    return json.loads(line.decode("utf-8-sig", "surrogatepass"))


def _is_json(line: bytes) -> bool:
    try:
        _json_of(line)
    except (ValueError, RecursionError):
        return False
    return True


def row_of_line(line: bytes, *, is_log: bool = True) -> ClipRow:
    """The record in one line of a log; raises `BadRow` if it is not a record, `NewerRecord` if it needs an update."""
    try:
        members = _json_of(line)
    except (ValueError, RecursionError) as problem:
        # the problem's own line number counts within this one line
        why = f"{problem.msg}, character {problem.pos + 1}" if isinstance(problem, json.JSONDecodeError) else problem
        raise BadRow(f"not a line of JSON ({why})") from problem
    if not isinstance(members, dict):
        raise BadRow("not a JSON object")
    version = members.get("schema_version", SCHEMA_VERSION)
    if not isinstance(version, int):
        raise BadRow(f"schema_version is {version!r:.40}, not a number")
    if version > SCHEMA_VERSION:
        raise NewerRecord(
            f"written with schema version {version}, but this version of Hearsay reads only up to {SCHEMA_VERSION}; "
            "update it"
        )
    if not is_log and "schema_version" in members:
        members = {name: value for name, value in members.items() if name not in EXPORT_ONLY}
    if not is_log and not _OURS_IN_JSON & members.keys():
        names = kept_beside_ours(members)
        members = {names.get(name, name): value for name, value in members.items()}
    return ClipRow.from_json(members)


def line_of(row: ClipRow) -> bytes:
    """The record as a line of a log; raises `BadRow`, with the clip, if no reader would accept it."""
    try:
        members = {"schema_version": SCHEMA_VERSION} | row.to_record()
        line = json.dumps(members, ensure_ascii=False, allow_nan=False).encode()
        row_of_line(line)
    except (BadRow, TypeError, ValueError, AttributeError, RecursionError) as problem:
        raise BadRow(f"the record of {row.id} cannot be written to a log: {problem}") from problem
    return line + b"\n"


def locked(path: Path) -> LockedFile:
    """The log, opened exclusively for appending; raises the errors of `Journal`."""
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = LockedFile(path)
        except OSError as problem:
            raise _unwritable(path, problem) from problem
        if _is_still_at(path, file):
            return file
        file.close()


def _unwritable(path: Path, problem: OSError) -> ClipsError:
    return ClipsError(f"{path} cannot be written: {problem.strerror or problem}")


def _is_still_at(path: Path, file: LockedFile) -> bool:
    """Whether the path still names the open file; a repair may have replaced it before the lock was taken."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


class Journal:
    """A journal opened for appending, by one run at a time; use it in a ``with`` statement.

    Opening removes a torn last line, completes one that only lacks its line end, raises `JournalInUse` while another
    process has the journal open, and `ClipsError` if it cannot be written. ``warning`` is a sentence if the file system
    has no locks.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = locked(path)
        self.warning = self._file.warning
        try:
            self._mend_last_line()
        except OSError as problem:
            self.close()
            raise _unwritable(path, problem) from problem

    def _mend_last_line(self) -> None:
        size = end = self._file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - 65536)
            self._file.seek(start)
            if (line_end := (self._file.read(end - start) or b"").rfind(b"\n")) >= 0:
                end = start + line_end + 1
                break
            end = start
        self._file.seek(end)
        if _is_json(self._file.read(size - end)):
            self._write(b"\n")
        elif end != size:
            self._file.truncate(end)

    def rows(self) -> dict[str, ClipRow]:
        """The latest row of each clip, as from `read_journal`."""
        return read_journal(self.path)

    def append(self, rows: Iterable[ClipRow]) -> None:
        """Write a batch of rows and flush it to the disk before returning; raises `ClipsError` if the disk is full.

        Raises `BadRow`, and writes nothing, if one of them could not be read again.
        """
        batch = b"".join(map(line_of, rows))
        size = self._file.seek(0, os.SEEK_END)
        try:
            self._write(batch)
            onto_disk(self._file.fileno())
        except OSError as problem:
            with suppress(OSError):  # the rest of the batch is cut off when the log is opened again
                self._file.truncate(size)  # half a batch must not precede the next one
            raise _unwritable(self.path, problem) from problem

    def _write(self, data: bytes) -> None:
        unwritten = memoryview(data)
        while unwritten:  # a nearly full disk accepts a part, and fails at the next write
            unwritten = unwritten[self._file.write(unwritten) :]

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
